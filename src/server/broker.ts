// The composition root: a whole broker, from its data directory to its listeners.
//
//   start   directory taken ─► HTTP, gRPC and Kafka listen, not ready ─► metadata, logs recovered ─► ready
//   close   not ready ─► calls finish ─► logs and metadata closed, stop marked clean ─► HTTP closes
//
// The listeners come first so that a broker which recovers for long can be told from a dead one:
// /livez is 200 and /readyz 503 meanwhile, and calls are refused as those that may be tried again.

import { createRequire } from 'node:module'
import { type BrokerConfig, loadBrokerConfig } from '../config/broker-config.ts'
import { formatHostPort, type HostPort } from '../config/address.ts'
import { resolveTopicConfig } from '../config/topic-config.ts'
import type { Clock } from '../io/clock.ts'
import type { FileSystem } from '../io/file-system.ts'
import type { RandomSource } from '../io/random.ts'
import { realClock } from '../io/real-clock.ts'
import { realFileSystem } from '../io/real-file-system.ts'
import { realRandom } from '../io/real-random.ts'
import { ApiCounterSet } from '../observability/api-counters.ts'
import { type Logger, silentLogger } from '../observability/logger.ts'
import { Metrics } from '../observability/metrics.ts'
import { feedProcessMetrics } from '../observability/process-metrics.ts'
import { StorageCore } from '../wasm/storage-core.ts'
import { BrokerCore, advertisedAddress } from './broker-core.ts'
import { takeDataDirectory, type DataDirectory } from './data-directory.ts'
import { GrpcFront } from './grpc/grpc-front.ts'
import { HttpServer } from './http/http-server.ts'
import { KafkaFront } from './kafka/kafka-front.ts'
import { feedCoreMetrics, feedFrontMetrics } from './metrics-feeds.ts'

/** How to start a broker. */
export interface BrokerOptions {
  /**
   * Options by Kafka's names, as in `{ 'data.dir': './data', 'listeners.grpc': '127.0.0.1:0' }`.
   * Default: those of `sluice start`. Not together with `config`.
   */
  readonly options?: Readonly<Record<string, string>>
  /** A configuration that was loaded already: see `loadBrokerConfig`. */
  readonly config?: BrokerConfig
  /** Default: none. */
  readonly logger?: Logger
  /** The disk. Default: the real one. */
  readonly files?: FileSystem
  /** Default: the machine's. */
  readonly clock?: Clock
  /** Default: the machine's. */
  readonly random?: RandomSource
}

/** Where a broker listens, each as "host:port"; null where it does not. */
export interface BrokerAddresses {
  readonly grpc: string | null
  readonly http: string | null
  readonly kafka: string | null
}

/** How long calls may take to finish when the broker stops. A stop has 5 s in all. */
const CALL_GRACE_MS = 2_500

const { version } = createRequire(import.meta.url)('sluice/package.json') as { version: string }

export class Broker {
  readonly addresses: BrokerAddresses
  readonly #parts: Parts
  #closing: Promise<void> | null = null

  /**
   * Starts a broker, and resolves when it is ready.
   *
   * @throws ConfigError when an option is wrong; Error when an address is taken, the data directory
   *   is in use, of another broker, or its metadata is damaged. Nothing is left running then
   */
  static async start(options: BrokerOptions = {}): Promise<Broker> {
    const config = options.config ?? configOf(options.options ?? {})
    const parts = new Parts(config, options)
    try {
      return new Broker(parts, await parts.start())
    } catch (error) {
      await parts.close()
      throw error
    }
  }

  private constructor(parts: Parts, addresses: BrokerAddresses) {
    this.#parts = parts
    this.addresses = addresses
  }

  /**
   * Stops the broker: answers what is in flight, brings everything to disk, marks the stop as clean.
   *
   * Calls that have not finished after 2.5 s are cut. Resolves when nothing is left running.
   */
  close(): Promise<void> {
    this.#closing ??= this.#parts.close()
    return this.#closing
  }
}

function configOf(options: Readonly<Record<string, string>>): BrokerConfig {
  return loadBrokerConfig({ flags: new Map(Object.entries(options)) })
}

function boundAddress(listener: HostPort | 'off', port: number | null): string | null {
  return listener === 'off' || port === null ? null : formatHostPort({ host: listener.host, port })
}

/** What a broker consists of, as far as it has been started. */
class Parts {
  readonly #config: BrokerConfig
  readonly #logger: Logger
  readonly #files: FileSystem
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #apis = new ApiCounterSet()
  readonly #metrics = new Metrics()
  #directory: DataDirectory | null = null
  #http: HttpServer | null = null
  #grpc: GrpcFront | null = null
  #kafka: KafkaFront | null = null
  #core: BrokerCore | null = null
  #stopProcessMetrics: () => void = () => {}
  /** Null when the broker is ready. */
  #notReady: string | null = 'The broker is starting'

  constructor(config: BrokerConfig, options: BrokerOptions) {
    this.#config = config
    this.#logger = options.logger ?? silentLogger
    this.#files = options.files ?? realFileSystem
    this.#clock = options.clock ?? realClock
    this.#random = options.random ?? realRandom
  }

  async start(): Promise<BrokerAddresses> {
    const startMs = this.#clock.monotonicMs()
    const { values } = this.#config
    this.#directory = takeDataDirectory(this.#files, values.dataDir, this.#random)
    const http = await this.#listenHttp()
    const grpcPort = await this.#listenGrpc()
    const kafkaPort = await this.#listenKafka()
    this.#core = await this.#openCore(this.#directory, grpcPort, kafkaPort)
    this.#feedMetrics(this.#core)
    this.#grpc?.serve(this.#core.services)
    this.#kafka?.serve(this.#core.services)
    this.#notReady = null

    const { dataDir } = values
    const grpc = boundAddress(values.listenersGrpc, grpcPort)
    const kafka = boundAddress(values.listenersKafka, kafkaPort)
    const tookMs = Math.round(this.#clock.monotonicMs() - startMs)
    this.#logger.info({ version, grpc, kafka, http, dataDir, tookMs }, 'Broker is ready')
    return { grpc, kafka, http }
  }

  async close(): Promise<void> {
    // Between two steps nothing else may keep the process alive: it must not end before the last.
    const alive = this.#clock.keepAlive()
    this.#notReady = 'The broker is stopping'
    try {
      await Promise.all([this.#grpc?.stop(CALL_GRACE_MS), this.#kafka?.stop(CALL_GRACE_MS)])
      await this.#core?.close()
      if (this.#core !== null) this.#logger.info({}, 'Broker has stopped')
    } finally {
      // Whatever the disk said: nothing is left running, and the directory is free.
      this.#directory?.unlock()
      this.#stopProcessMetrics()
      await this.#http?.stop()
      alive.cancel()
    }
  }

  async #listenHttp(): Promise<string | null> {
    const { listenersHttp } = this.#config.values
    if (listenersHttp === 'off') return null
    this.#http = new HttpServer(
      {
        about: () => this.#about(),
        notReady: () => this.#notReady,
        metrics: () => this.#metrics.text(),
      },
      this.#logger,
    )
    const port = await this.#http.bind(listenersHttp.host, listenersHttp.port)
    return formatHostPort({ host: listenersHttp.host, port })
  }

  async #listenGrpc(): Promise<number | null> {
    const { listenersGrpc, maxConnections } = this.#config.values
    if (listenersGrpc === 'off') return null
    const none: ReadonlyMap<string, string> = new Map()
    const { given } = this.#config
    const { maxMessageBytes } = resolveTopicConfig({
      topic: none,
      broker: none,
      cluster: none,
      given,
    })
    this.#grpc = new GrpcFront({
      ...{ clock: this.#clock, logger: this.#logger, apis: this.#apis },
      ...{ maxBatchBytes: maxMessageBytes, maxConnections },
      sendBytes: this.#config.values.queuedMaxResponseBytes,
    })
    return await this.#grpc.bind(listenersGrpc)
  }

  async #listenKafka(): Promise<number | null> {
    const { values } = this.#config
    const { listenersKafka } = values
    if (listenersKafka === 'off') return null
    this.#kafka = new KafkaFront({
      ...{ clock: this.#clock, random: this.#random, logger: this.#logger, apis: this.#apis },
      maxConnections: values.maxConnections,
      maxConnectionsPerAddress: values.maxConnectionsPerIp,
      connectionsMaxIdleMs: values.connectionsMaxIdleMs,
      maxRequestBytes: values.socketRequestMaxBytes,
      maxUnknownRequestBytes: values.saslServerMaxReceiveSize,
      receiveBytes: 2 * values.queuedMaxRequestBytes,
      sendBytes: values.queuedMaxResponseBytes,
      resident: StorageCore.load().resident,
    })
    return await this.#kafka.bind(listenersKafka)
  }

  #openCore(
    directory: DataDirectory,
    grpcPort: number | null,
    kafkaPort: number | null,
  ): Promise<BrokerCore> {
    const { values } = this.#config
    return BrokerCore.open({
      ...{ config: this.#config, directory, version },
      ...{ files: this.#files, clock: this.#clock, random: this.#random, logger: this.#logger },
      grpcAddress: advertisedAddress(
        values.advertisedListenersGrpc,
        values.listenersGrpc,
        grpcPort,
      ),
      kafkaAddress: advertisedAddress(
        values.advertisedListenersKafka,
        values.listenersKafka,
        kafkaPort,
      ),
      onProgress: ({ logsDone, logsTotal }) => {
        this.#notReady = `The broker is recovering: ${logsDone} of ${logsTotal} logs`
      },
    })
  }

  #feedMetrics(core: BrokerCore): void {
    this.#stopProcessMetrics = feedProcessMetrics(this.#metrics)
    feedCoreMetrics(this.#metrics, core, () => this.#files.freeBytes(this.#config.values.dataDir))
    feedFrontMetrics(this.#metrics, {
      apis: this.#apis,
      grpc: this.#grpc,
      kafka: this.#kafka,
      http: this.#http,
      version,
      ready: () => this.#notReady === null,
    })
  }

  #about(): Readonly<Record<string, unknown>> {
    return {
      name: 'sluice',
      version,
      ready: this.#notReady === null,
      links: { live: '/livez', ready: '/readyz', metrics: '/metrics' },
    }
  }
}
