// `import { Broker } from 'sluice/server'`: a broker inside the user's own process, for tests and the
// edge.
//
//   const broker = await Broker.start({
//     options: { 'data.dir': './data', 'listeners.grpc': '127.0.0.1:0', 'listeners.http': 'off' },
//   })
//   const producer = new Producer({ bootstrap: broker.addresses.grpc })
//   …
//   await broker.close()
//
// It is the same broker that `sluice start` runs, with the same options and the same promises. It
// needs an event loop that turns: code that blocks its process for long blocks the broker.

export { Broker, type BrokerAddresses, type BrokerOptions } from './broker.ts'
export { type BrokerConfig, type ConfigInput, loadBrokerConfig } from '../config/broker-config.ts'
export { ConfigError } from '../config/config-error.ts'
export { type Logger, silentLogger } from '../observability/logger.ts'
export { createLogger, type LoggerOptions, type LogLevel } from '../observability/pino-logger.ts'
