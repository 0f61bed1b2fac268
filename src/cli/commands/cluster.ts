// sluice cluster

import { withAdmin } from '../admin.ts'
import { printTable } from '../table.ts'
import { writeJson, writeLine } from '../terminal.ts'
import { printConfigs } from './topic.ts'

interface Flags {
  readonly bootstrap: readonly string[]
  readonly json?: true
  readonly configs?: true
}

export async function describeCluster(flags: Flags): Promise<void> {
  await withAdmin(flags, async (admin) => {
    const cluster = await admin.describeCluster()
    const name = String(cluster.controllerId)
    const configs = flags.configs ? await admin.describeConfigs({ type: 'broker', name }) : []
    if (flags.json)
      return writeJson(flags.configs ? { ...cluster, configEntries: configs } : cluster)
    writeLine(`cluster ${cluster.clusterId}, controller ${cluster.controllerId}`)
    writeLine()
    printTable(
      ['BROKER', 'ADDRESS', 'RACK', 'VERSION'],
      cluster.brokers.map((b) => [b.brokerId, b.address, b.rack || '-', b.version]),
    )
    if (flags.configs) printConfigs(configs)
  })
}
