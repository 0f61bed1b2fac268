// Who coordinates which group, or which transactional id: asked once, and again when that has moved.

import { FIND_COORDINATOR } from '../../../protocol/kafka/gen/find-coordinator.ts'
import type { HostAndPort } from '../../../network/client-connection.ts'
import { SluiceError } from '../../errors.ts'
import type { SluiceErrorCode } from '../../errors.ts'
import { sleep } from '../../sleep.ts'
import type { ClientApi, RequestOf } from '../broker-connection.ts'
import type { Cluster } from '../cluster.ts'
import type { Deadline } from '../deadline.ts'
import { throwErrorOf } from '../kafka-error.ts'
import { only } from '../only.ts'

/** What is coordinated. Source: FindCoordinatorRequest of apache/kafka. */
export const COORDINATED = { group: 0, transaction: 1 } as const

/** By what the errors name it. */
const FACTS = { group: 'group', transaction: 'transactionalId' } as const

/** Wait before what is moving, or loading, is asked for again, in milliseconds. */
const MOVE_WAIT_MS = 100

/** Most coordinators that are remembered. The one that was asked for first goes first. */
const MAX_KNOWN = 10_000

/** Refusals with which nothing was done, and that a coordinator gives while it moves or loads. */
const MOVING = new Set<SluiceErrorCode>([
  'NOT_COORDINATOR',
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
])

export interface Coordinator {
  readonly nodeId: number
  readonly address: HostAndPort
}

/** Asks the coordinator that was found. */
export type AskCoordinator = <Init, Response>(
  api: ClientApi<Init, Response>,
  message: RequestOf<Init>,
) => Promise<Response>

export class Coordinators {
  readonly #cluster: Cluster
  readonly #kind: keyof typeof COORDINATED
  /** By the name of the group, or by the transactional id. */
  readonly #known = new Map<string, Coordinator>()

  constructor(cluster: Cluster, kind: keyof typeof COORDINATED) {
    this.#cluster = cluster
    this.#kind = kind
  }

  /**
   * Does something at the coordinator of a group or an id. While that moves or loads, `work` is done again, as
   * long as there is time.
   *
   * @param work throws what the coordinator refuses with
   */
  async at<T>(
    name: string,
    deadline: Deadline,
    work: (ask: AskCoordinator, coordinator: Coordinator) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      try {
        const coordinator = this.#known.get(name) ?? (await this.#find(name, deadline))
        const ask: AskCoordinator = (api, message) => {
          return this.#cluster.callAt(coordinator.address, api, message, deadline.leftMs)
        }
        return await work(ask, coordinator)
      } catch (error) {
        const refusal = SluiceError.from(error)
        const { code } = refusal
        const moving = MOVING.has(code)
        if (moving || code === 'NETWORK_EXCEPTION' || code === 'REQUEST_TIMED_OUT') {
          this.#known.delete(name)
        }
        if (!moving || deadline.leftMs <= MOVE_WAIT_MS) throw refusal
        await sleep(this.#cluster.clock, MOVE_WAIT_MS)
      }
    }
  }

  async #find(name: string, deadline: Deadline): Promise<Coordinator> {
    const keyType = COORDINATED[this.#kind]
    const request = (version: number) => {
      if (version >= 4) return { keyType, coordinatorKeys: [name] }
      return { keyType, key: name }
    }
    const answer = await this.#cluster.callAny(FIND_COORDINATOR, request, deadline.leftMs)
    const found = answer.coordinators.length > 0 ? only(answer.coordinators) : answer
    const { errorCode, errorMessage, nodeId, host, port } = found
    throwErrorOf(errorCode, errorMessage, { [FACTS[this.#kind]]: name })
    const coordinator = { nodeId, address: { host, port } }
    this.#known.set(name, coordinator)
    if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.keys().next().value!)
    return coordinator
  }
}
