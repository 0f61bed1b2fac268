// Quotas on connections of the Kafka front. An answer says for how long its client should pause, and the
// connection takes no request meanwhile, whatever the client does (KIP-219).
//
//   begin ─► bytes in, time of the loop ─┐
//   done  ─► bytes out ──────────────────┴─► throttle_time_ms, pause

import type { QuotaService } from '../../broker/quotas/quota-service.ts'
import type { Clock } from '../../io/clock.ts'
import { API_KEYS } from '../../protocol/kafka/gen/api-keys.ts'
import type { FetchResponseInit } from '../../protocol/kafka/gen/fetch.ts'
import type { ProduceRequest } from '../../protocol/kafka/gen/produce.ts'
import type { Begun, KafkaContext, KafkaHandler } from './handler.ts'

/** A handler whose clients are held to their quotas. */
export function withQuotas(
  handler: KafkaHandler,
  quotas: QuotaService,
  clock: Clock,
): KafkaHandler {
  const begin = (request: never, context: KafkaContext): Begun<unknown> => {
    if (!quotas.active) return handler.begin(request, context)
    const { caller, peer } = context
    const startMs = clock.monotonicMs()
    const { begun, done } = handler.begin(request, context)
    const workMs = quotas.worked(caller, clock.monotonicMs() - startMs)
    const beginMs = Math.max(workMs, isProduce ? quotas.produced(caller, bytesIn(request)) : 0)
    if (beginMs > 0) peer.pause(beginMs)
    const throttled = done.then((answer) => {
      const fetchMs = isFetch ? quotas.fetched(caller, bytesOut(answer as FetchResponseInit)) : 0
      if (fetchMs > 0) peer.pause(fetchMs)
      return withThrottle(answer, Math.max(beginMs, fetchMs))
    })
    return { begun, done: throttled }
  }
  const isProduce = handler.api.key === API_KEYS.Produce
  const isFetch = handler.api.key === API_KEYS.Fetch
  return {
    api: handler.api,
    pipelined: handler.pipelined,
    cuts: handler.cuts ?? [],
    begin,
    refuse: (request, error, context) => handler.refuse(request, error, context),
    isDone: (request, answer) => handler.isDone?.(request, answer) ?? false,
    outcome: (answer) => handler.outcome(answer),
  }
}

/** An answer may say already how long to wait: the longer time holds. Some have no place to say it. */
function withThrottle(answer: unknown, throttleMs: number): unknown {
  if (answer === null || throttleMs === 0) return answer
  const { throttleTimeMs } = answer as { readonly throttleTimeMs?: number }
  if (throttleTimeMs === undefined) return answer
  return { ...answer, throttleTimeMs: Math.max(throttleTimeMs, throttleMs) }
}

function bytesIn({ topicData }: ProduceRequest): number {
  let bytes = 0
  for (const { partitionData } of topicData) {
    for (const { records } of partitionData) bytes += records?.byteLength ?? 0
  }
  return bytes
}

function bytesOut({ responses }: FetchResponseInit): number {
  let bytes = 0
  for (const { partitions } of responses) {
    for (const { records } of partitions) bytes += records?.byteLength ?? 0
  }
  return bytes
}
