// grpc.health.v1: whether the broker, and each of its services, takes requests.
//
// Source: grpc/doc/health-checking.md. The npm package of it loads a second .proto parser, for 13 MB
// of memory and 45 ms at each start, and keeps its watchers' calls open when the server stops.

import { BrokerError } from '../../base/errors.ts'
import {
  HEALTH_SERVICE,
  type HealthCheckResponse,
  SERVING_STATUS,
} from '../../protocol/grpc/standard-services.ts'
import type { CallStream, StreamHandler } from './call-stream.ts'
import type { CallHost } from './calls.ts'

export class Health {
  readonly #services: ReadonlySet<string>
  readonly #watchers = new Set<CallStream<never, HealthCheckResponse>>()
  #serving = false

  /** @param services full names, as in "sluice.v1.ProduceService"; "" stands for the whole broker */
  constructor(services: readonly string[]) {
    this.#services = new Set(['', ...services])
  }

  /** All services change together: they stand on the same logs. */
  setServing(serving: boolean): void {
    if (this.#serving === serving) return
    this.#serving = serving
    for (const stream of this.#watchers) stream.send(this.#answer(), 4)
  }

  addTo(calls: CallHost): void {
    calls.unary(HEALTH_SERVICE.check, ({ service }) => {
      if (this.#services.has(service)) return this.#answer()
      const message = 'The broker has no service of this name'
      throw new BrokerError('RESOURCE_NOT_FOUND', { message, service })
    })
    calls.unary(HEALTH_SERVICE.list, () => {
      const names = [...this.#services]
      return { statuses: Object.fromEntries(names.map((name) => [name, this.#answer()])) }
    })
    calls.serverStream(HEALTH_SERVICE.watch, ({ service }, { stream }) => {
      return this.#watch(service, stream)
    })
  }

  #answer(): HealthCheckResponse {
    return { status: this.#serving ? SERVING_STATUS.SERVING : SERVING_STATUS.NOT_SERVING }
  }

  #watch(service: string, stream: CallStream<never, HealthCheckResponse>): StreamHandler<never> {
    if (this.#services.has(service)) {
      this.#watchers.add(stream)
      stream.send(this.#answer(), 4)
    } else {
      // Not an error, says the document: the service may come later.
      stream.send({ status: SERVING_STATUS.SERVICE_UNKNOWN }, 4)
    }
    return {
      received: () => {},
      halfClosed: () => {},
      writable: () => {},
      stop: (reason) => stream.end(reason),
      closed: () => this.#watchers.delete(stream),
    }
  }
}
