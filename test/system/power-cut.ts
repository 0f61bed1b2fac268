// Power cuts: node test/system/power-cut.ts --cuts 50
//
// A broker runs on a file system of its own, ext4 in a loop-mounted image. While eight producers write,
// the file system is shut down as by a power cut (EXT4_IOC_SHUTDOWN without flushing its log): what was
// not synced is gone, whatever the page cache holds. The image is mounted again, the broker started, and
// everything that was acknowledged must be there: once, in order. The broker is not told in any way.
//
// Needs Linux, root, loop devices, mkfs.ext4 and python3; says what is missing where it can't run.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BrokerProcess } from '../support/broker-process.ts'
import { History } from '../support/history.ts'
import { createTopics, KillLoad, readNewRecords } from '../support/kill-load.ts'
import { SeededRandom } from '../support/seeded-random.ts'

/** _IOR('X', 125, u32), and "do not write the journal out": include/uapi/linux/ext4.h. */
const SHUT_DOWN = `
import fcntl, os, struct, sys
directory = os.open(sys.argv[1], os.O_RDONLY)
fcntl.ioctl(directory, 0x8004587D, struct.pack('I', 2))
`

const { values: flags } = parseArgs({
  options: {
    cuts: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const cuts = Number(flags.cuts)
const random = new SeededRandom(Number(flags.seed))
const work = mkdtempSync(join(tmpdir(), 'sluice-power-'))
const image = join(work, 'disk.img')
const disk = join(work, 'disk')
const data = join(disk, 'data')

process.stdout.write(`${cuts} power cuts, seed ${flags.seed}\n`)
refuseWhereImpossible()
run('truncate', '-s', '2G', image)
run('mkfs.ext4', '-q', image)
mkdirSync(disk)
mount()
try {
  process.exitCode = (await cutAgainAndAgain()) ? 0 : 1
} finally {
  spawnSync('umount', [disk])
  rmSync(work, { recursive: true, force: true })
}

async function cutAgainAndAgain(): Promise<boolean> {
  const history = new History()
  let broker = await BrokerProcess.start(data)
  await createTopics(broker.addresses.grpc)
  for (let cut = 1; cut <= cuts; cut++) {
    const load = new KillLoad(broker.addresses.grpc, history)
    await load.acknowledged(1 + random.below(200))
    run('python3', '-c', SHUT_DOWN, disk)
    await broker.stop('SIGKILL')
    await load.ended()
    run('umount', disk)
    mount()
    broker = await BrokerProcess.start(data)
    await readNewRecords(broker.addresses.grpc, history)
    const problems = history.problems()
    if (problems.length > 0) {
      process.stdout.write(`cut ${cut}:\n  ${problems.slice(0, 20).join('\n  ')}\n`)
      await broker.stop('SIGKILL')
      return false
    }
    if (cut % 10 === 0) {
      process.stdout.write(`${cut} cuts, ${history.acknowledgedCount} records acknowledged\n`)
    }
  }
  history.forgetReads()
  await readNewRecords(broker.addresses.grpc, history)
  await broker.stop('SIGTERM')
  const problems = history.problems()
  process.stdout.write(
    problems.length === 0
      ? `${cuts} power cuts, ${history.acknowledgedCount} records acknowledged, none lost\n`
      : `in the end:\n  ${problems.slice(0, 20).join('\n  ')}\n`,
  )
  return problems.length === 0
}

function mount(): void {
  run('mount', '-o', 'loop', image, disk)
}

function refuseWhereImpossible(): void {
  const missing = ['mkfs.ext4', 'mount', 'python3'].filter((tool) => {
    return spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0
  })
  if (process.getuid?.() !== 0) missing.push('root')
  if (!existsSync('/dev/loop-control')) missing.push('loop devices')
  if (missing.length === 0) return
  process.stdout.write(`can't cut the power here; this is missing: ${missing.join(', ')}\n`)
  rmSync(work, { recursive: true, force: true })
  process.exit(2)
}

function run(command: string, ...words: string[]): void {
  const { status, stderr, error } = spawnSync(command, words, { encoding: 'utf8' })
  if (status === 0) return
  throw new Error(`${command} failed: ${error?.message ?? stderr}`)
}
