// A controller over a real store on a disk in memory, with one broker.

import { ClusterController } from '../../src/controller/cluster-controller.ts'
import { configLayers } from '../../src/broker/log-config.ts'
import { loadBrokerConfig, type BrokerConfig } from '../../src/config/broker-config.ts'
import { resolveTopicConfig } from '../../src/config/topic-config.ts'
import { EmbeddedStore } from '../../src/metadata/embedded-store.ts'
import { silentLogger } from '../../src/observability/logger.ts'
import { StorageCore } from '../../src/wasm/storage-core.ts'
import { MemoryFileSystem } from '../support/memory-file-system.ts'
import { SeededRandom } from '../support/seeded-random.ts'

export interface ClusterOfOne {
  readonly files: MemoryFileSystem
  readonly store: EmbeddedStore
  readonly controller: ClusterController
  readonly config: BrokerConfig
}

/** @param flags options of the broker */
export async function clusterOfOne(
  flags: Readonly<Record<string, string>> = {},
  files = new MemoryFileSystem(),
): Promise<ClusterOfOne> {
  files.makeDirectory('/data')
  files.syncDirectory('/')
  const store = EmbeddedStore.open({
    files,
    directory: '/data/metadata',
    crc32c: (bytes) => StorageCore.load().crc32c(bytes),
    logger: silentLogger,
  })
  const config = loadBrokerConfig({ flags: new Map(Object.entries(flags)) })
  const controller = new ClusterController({
    store,
    // Ids of a later life are others.
    random: new SeededRandom(1 + store.image.version),
    defaults: () => config.values,
    resolve: (own) => resolveTopicConfig(configLayers(store.image, config, own)),
  })
  const broker = { grpcAddress: '127.0.0.1:9094', rack: '', version: '0.1.0', clean: true }
  const started = { type: 'BrokerStarted', brokerId: config.values.nodeId, ...broker } as const
  await store.append([started], store.image.version)
  return { files, store, controller, config }
}
