// sluice start: a broker until SIGTERM or Ctrl-C.

import { AssertionError } from 'node:assert'
import { loadBrokerConfig, type BrokerConfig } from '../../config/broker-config.ts'
import { ConfigError, problemText } from '../../config/config-error.ts'
import { readWholeFile } from '../../io/file-system.ts'
import { realFileSystem } from '../../io/real-file-system.ts'
import type { Logger } from '../../observability/logger.ts'
import { createLogger } from '../../observability/pino-logger.ts'
import { Broker } from '../../server/broker.ts'
import { Failure, systemReason, UsageError } from '../failure.ts'
import { tell, writeJson, writeLine } from '../terminal.ts'

const BUGS = [AssertionError, TypeError, RangeError, ReferenceError]

interface Flags {
  readonly dataDir?: string
  readonly grpc?: string
  readonly http?: string
  readonly kafka?: string
  readonly config?: string
  readonly set?: ReadonlyMap<string, string>
  readonly logLevel?: string
  readonly allowInsecureListeners?: true
  readonly json?: true
}

export async function start(flags: Flags): Promise<void> {
  const config = configOf(flags)
  const logger = createLogger({ level: config.values.logLevel })
  for (const notice of config.notices) logger.warn({}, notice)
  const broker = await startOrFail(config, logger)
  if (flags.json) writeJson({ ready: true, ...broker.addresses })
  else printWelcome(config, broker)
  await stopSignal()
  logger.info({}, 'stopping')
  await broker.close()
}

function configOf(flags: Flags): BrokerConfig {
  const { set = new Map(), config: path } = flags
  const named: readonly (readonly [string, string | undefined])[] = [
    ['data.dir', flags.dataDir],
    ['listeners.grpc', flags.grpc],
    ['listeners.http', flags.http],
    ['listeners.kafka', flags.kafka],
    ['log.level', flags.logLevel],
    ['allow.insecure.listeners', flags.allowInsecureListeners ? 'true' : undefined],
  ]
  const given = named.filter((pair): pair is readonly [string, string] => pair[1] !== undefined)
  try {
    return loadBrokerConfig({
      flags: new Map([...set, ...given]),
      environment: process.env,
      file: path === undefined ? null : { path, text: readConfig(path) },
    })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const lines = error.problems.map((problem) => `  ${problemText(problem)}`)
    throw new UsageError(`the broker can't start with these options:\n${lines.join('\n')}`)
  }
}

function readConfig(path: string): string {
  try {
    return readWholeFile(realFileSystem, path).toString()
  } catch (error) {
    throw new Failure(`can't read --config ${path}: ${systemReason(error) ?? String(error)}`)
  }
}

/** @throws Failure with a sentence for people, where what is in the way is no bug */
async function startOrFail(config: BrokerConfig, logger: Logger): Promise<Broker> {
  try {
    return await Broker.start({ config, logger })
  } catch (error) {
    logger.debug({ err: error }, 'The broker did not start')
    const { message, cause, code, pid, path } = error as NodeJS.ErrnoException & { pid?: number }
    const { dataDir } = config.values
    if (code === 'EBUSY' && pid !== undefined) {
      throw new Failure(
        `another broker, process ${pid}, uses the data directory ${dataDir}; stop it, or give ` +
          'this one a --data-dir of its own',
      )
    }
    // A front says in its message what it could not do, and in the cause why.
    const why = cause === undefined ? null : (systemReason(cause) ?? (cause as Error).message)
    if (why !== null)
      throw new Failure(`${message}: ${why}; --grpc, --kafka and --http give other addresses`)
    const reason = code === 'EEXIST' ? 'not a directory' : code ? systemReason(error) : null
    if (reason !== null) throw new Failure(`--data-dir ${dataDir}: ${path ?? dataDir}: ${reason}`)
    // What the language throws is a bug; what the broker does, as of a directory that is damaged or
    // another cluster's, is a sentence for people.
    if (BUGS.some((kind) => error instanceof kind)) throw error
    throw new Failure(message)
  }
}

/** Where it listens, and what to type next. */
function printWelcome({ values }: BrokerConfig, { addresses }: Broker): void {
  const bootstrap = addresses.grpc === '127.0.0.1:9094' ? '' : ` --bootstrap ${addresses.grpc}`
  const sluice = process.env['npm_lifecycle_event'] === 'start' ? 'npx sluice' : 'sluice'
  writeLine(`
Sluice is ready.

  Kafka  ${addresses.kafka}
  gRPC   ${addresses.grpc}
  HTTP   http://${addresses.http}  (/healthz, /readyz, /metrics)
  data   ${values.dataDir}

Try, in another terminal:

  ${sluice} topic create clicks --partitions 3${bootstrap}
  echo 'hello' | ${sluice} produce clicks${bootstrap}
  ${sluice} consume clicks --from-beginning${bootstrap}
`)
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    let told = false
    const stop = (): void => {
      if (told) {
        tell('sluice: stopped in a hurry; the next start will recover')
        process.exit(1)
      }
      told = true
      resolve()
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}
