// Made from definitions/60-describe-cluster.txt by tools/generate-kafka.ts; do not edit.
//
// Describes the cluster.
//
// v1: controllers. v2: fenced brokers.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, checkVersion, refuse } from '../message-codec.ts'

export interface DescribeClusterRequest {
  /** Whether to say what the caller may do with the cluster. */
  readonly includeClusterAuthorizedOperations: boolean
  /** 1 brokers, 2 controllers. Version >= 1. */
  readonly endpointType: number
  /** Whether to list brokers that are fenced. Version >= 2. */
  readonly includeFencedBrokers: boolean
}

/** DescribeClusterRequest to be written. */
export interface DescribeClusterRequestInit {
  readonly includeClusterAuthorizedOperations: boolean
  readonly endpointType?: number | undefined
  readonly includeFencedBrokers?: boolean | undefined
}

function readDescribeClusterRequest(r: FrameReader, v: number): DescribeClusterRequest {
  checkVersion('DescribeClusterRequest', v, 0, 2)
  r.flexible = true
  const includeClusterAuthorizedOperations = r.bool()
  const endpointType = v >= 1 ? r.int8() : 1
  const includeFencedBrokers = v >= 2 ? r.bool() : false
  r.skipTags()
  return { includeClusterAuthorizedOperations, endpointType, includeFencedBrokers }
}

function writeDescribeClusterRequest(
  w: FrameWriter,
  m: DescribeClusterRequestInit,
  v: number,
): void {
  checkVersion('DescribeClusterRequest', v, 0, 2)
  w.flexible = true
  w.bool(m.includeClusterAuthorizedOperations)
  if (v >= 1) w.int8(m.endpointType ?? 1)
  else if ((m.endpointType ?? 1) !== 1) refuse('DescribeClusterRequest', 'endpointType', v)
  if (v >= 2) w.bool(m.includeFencedBrokers ?? false)
  else if ((m.includeFencedBrokers ?? false) !== false)
    refuse('DescribeClusterRequest', 'includeFencedBrokers', v)
  w.noTags()
}

const DESCRIBE_CLUSTER_REQUEST: MessageCodec<DescribeClusterRequest, DescribeClusterRequestInit> = {
  name: 'DescribeClusterRequest',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readDescribeClusterRequest,
  write: writeDescribeClusterRequest,
}

export interface DescribeClusterResponse {
  /** How long the client should pause, for its quota. */
  readonly throttleTimeMs: number
  /** 0, or why it failed. */
  readonly errorCode: number
  /** More about the error; null if there is none. */
  readonly errorMessage: string | null
  /** 1 brokers, 2 controllers. Version >= 1. */
  readonly endpointType: number
  /** Id of the cluster; null if it has none. */
  readonly clusterId: string
  /** Broker to send changes to; -1 if there is none. */
  readonly controllerId: number
  /** Brokers that are alive. */
  readonly brokers: readonly DescribeClusterBroker[]
  /** Bit n set: operation n on the cluster is allowed; -2147483648 when not asked for. */
  readonly clusterAuthorizedOperations: number
}

/** DescribeClusterResponse to be written. */
export interface DescribeClusterResponseInit {
  readonly throttleTimeMs: number
  readonly errorCode: number
  readonly errorMessage?: string | null | undefined
  readonly endpointType?: number | undefined
  readonly clusterId: string
  readonly controllerId?: number | undefined
  readonly brokers: readonly DescribeClusterBrokerInit[]
  readonly clusterAuthorizedOperations?: number | undefined
}

function readDescribeClusterResponse(r: FrameReader, v: number): DescribeClusterResponse {
  checkVersion('DescribeClusterResponse', v, 0, 2)
  r.flexible = true
  const throttleTimeMs = r.int32()
  const errorCode = r.int16()
  const errorMessage = r.nullableString()
  const endpointType = v >= 1 ? r.int8() : 1
  const clusterId = r.string()
  const controllerId = r.int32()
  const brokers = new Array<DescribeClusterBroker>(r.arrayCount(11, 72))
  for (let at = 0; at < brokers.length; at++) brokers[at] = readDescribeClusterBroker(r, v)
  const clusterAuthorizedOperations = r.int32()
  r.skipTags()
  return {
    throttleTimeMs,
    errorCode,
    errorMessage,
    endpointType,
    clusterId,
    controllerId,
    brokers,
    clusterAuthorizedOperations,
  }
}

function writeDescribeClusterResponse(
  w: FrameWriter,
  m: DescribeClusterResponseInit,
  v: number,
): void {
  checkVersion('DescribeClusterResponse', v, 0, 2)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage ?? null)
  if (v >= 1) w.int8(m.endpointType ?? 1)
  else if ((m.endpointType ?? 1) !== 1) refuse('DescribeClusterResponse', 'endpointType', v)
  w.string(m.clusterId)
  w.int32(m.controllerId ?? -1)
  w.arrayCount(m.brokers.length)
  for (const item of m.brokers) writeDescribeClusterBroker(w, item, v)
  w.int32(m.clusterAuthorizedOperations ?? -2147483648)
  w.noTags()
}

function* writeDescribeClusterResponseInSteps(
  w: FrameWriter,
  m: DescribeClusterResponseInit,
  v: number,
): Generator<void> {
  checkVersion('DescribeClusterResponse', v, 0, 2)
  w.flexible = true
  w.int32(m.throttleTimeMs)
  w.int16(m.errorCode)
  w.nullableString(m.errorMessage ?? null)
  if (v >= 1) w.int8(m.endpointType ?? 1)
  else if ((m.endpointType ?? 1) !== 1) refuse('DescribeClusterResponse', 'endpointType', v)
  w.string(m.clusterId)
  w.int32(m.controllerId ?? -1)
  w.arrayCount(m.brokers.length)
  for (const item of m.brokers) {
    writeDescribeClusterBroker(w, item, v)
    if (w.due()) yield
  }
  w.int32(m.clusterAuthorizedOperations ?? -2147483648)
  w.noTags()
}

export interface DescribeClusterBroker {
  /** Id of the broker. */
  readonly brokerId: number
  /** Host name or address. */
  readonly host: string
  /** Port. */
  readonly port: number
  /** Rack of the broker; null if unknown. */
  readonly rack: string | null
  /** Whether the broker is fenced. Version >= 2. */
  readonly isFenced: boolean
}

/** DescribeClusterBroker to be written. */
export interface DescribeClusterBrokerInit {
  readonly brokerId: number
  readonly host: string
  readonly port: number
  readonly rack?: string | null | undefined
  readonly isFenced?: boolean | undefined
}

function readDescribeClusterBroker(r: FrameReader, v: number): DescribeClusterBroker {
  const brokerId = r.int32()
  const host = r.string()
  const port = r.int32()
  const rack = r.nullableString()
  const isFenced = v >= 2 ? r.bool() : false
  r.skipTags()
  return { brokerId, host, port, rack, isFenced }
}

function writeDescribeClusterBroker(w: FrameWriter, m: DescribeClusterBrokerInit, v: number): void {
  w.int32(m.brokerId)
  w.string(m.host)
  w.int32(m.port)
  w.nullableString(m.rack ?? null)
  if (v >= 2) w.bool(m.isFenced ?? false)
  else if ((m.isFenced ?? false) !== false) refuse('DescribeClusterBroker', 'isFenced', v)
  w.noTags()
}

const DESCRIBE_CLUSTER_RESPONSE: MessageCodec<
  DescribeClusterResponse,
  DescribeClusterResponseInit
> = {
  name: 'DescribeClusterResponse',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  read: readDescribeClusterResponse,
  write: writeDescribeClusterResponse,
  writeInSteps: writeDescribeClusterResponseInSteps,
}

export const DESCRIBE_CLUSTER: Api<
  DescribeClusterRequest,
  DescribeClusterRequestInit,
  DescribeClusterResponse,
  DescribeClusterResponseInit
> = {
  key: 60,
  name: 'DescribeCluster',
  minVersion: 0,
  maxVersion: 2,
  flexibleFrom: 0,
  request: DESCRIBE_CLUSTER_REQUEST,
  response: DESCRIBE_CLUSTER_RESPONSE,
}
