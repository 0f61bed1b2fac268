// Made from definitions/18-api-versions.txt by tools/generate-kafka.ts; do not edit.
//
// Tells which APIs and versions the broker serves. The answer always has header v0.
//
// v3: flexible; client software; features. v4: features may start at level 0.

/* oxlint-disable unicorn/no-new-array */

import type { FrameReader } from '../frame-reader.ts'
import type { FrameWriter } from '../frame-writer.ts'
import { type Api, type MessageCodec, NO_ITEMS, checkVersion } from '../message-codec.ts'

export interface ApiVersionsRequest {
  /** Name of the client library. Version >= 3. */
  readonly clientSoftwareName: string
  /** Version of the client library. Version >= 3. */
  readonly clientSoftwareVersion: string
}

/** ApiVersionsRequest to be written. */
export interface ApiVersionsRequestInit {
  readonly clientSoftwareName?: string | undefined
  readonly clientSoftwareVersion?: string | undefined
}

function readApiVersionsRequest(r: FrameReader, v: number): ApiVersionsRequest {
  checkVersion('ApiVersionsRequest', v, 0, 4)
  r.flexible = v >= 3
  const clientSoftwareName = v >= 3 ? r.string() : ''
  const clientSoftwareVersion = v >= 3 ? r.string() : ''
  r.skipTags()
  return { clientSoftwareName, clientSoftwareVersion }
}

function writeApiVersionsRequest(w: FrameWriter, m: ApiVersionsRequestInit, v: number): void {
  checkVersion('ApiVersionsRequest', v, 0, 4)
  w.flexible = v >= 3
  if (v >= 3) w.string(m.clientSoftwareName ?? '')
  if (v >= 3) w.string(m.clientSoftwareVersion ?? '')
  w.noTags()
}

const API_VERSIONS_REQUEST: MessageCodec<ApiVersionsRequest, ApiVersionsRequestInit> = {
  name: 'ApiVersionsRequest',
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 3,
  read: readApiVersionsRequest,
  write: writeApiVersionsRequest,
}

export interface ApiVersionsResponse {
  /** 0, or why it failed. */
  readonly errorCode: number
  /** Every API that the broker serves. */
  readonly apiKeys: readonly ApiVersion[]
  /** How long the client should pause, for its quota. Version >= 1. */
  readonly throttleTimeMs: number
  /** Feature levels that the broker can do. Version >= 3. */
  readonly supportedFeatures: readonly SupportedFeatureKey[]
  /** Grows with each change of the features; -1 if unknown. Version >= 3. */
  readonly finalizedFeaturesEpoch: number
  /** Feature levels that the cluster uses. Version >= 3. */
  readonly finalizedFeatures: readonly FinalizedFeatureKey[]
  /** Of the move away from ZooKeeper; always false here. Version >= 3. */
  readonly zkMigrationReady: boolean
}

/** ApiVersionsResponse to be written. */
export interface ApiVersionsResponseInit {
  readonly errorCode: number
  readonly apiKeys: readonly ApiVersionInit[]
  readonly throttleTimeMs?: number | undefined
  readonly supportedFeatures?: readonly SupportedFeatureKeyInit[] | undefined
  readonly finalizedFeaturesEpoch?: number | undefined
  readonly finalizedFeatures?: readonly FinalizedFeatureKeyInit[] | undefined
  readonly zkMigrationReady?: boolean | undefined
}

function readApiVersionsResponse(r: FrameReader, v: number): ApiVersionsResponse {
  checkVersion('ApiVersionsResponse', v, 0, 4)
  r.flexible = v >= 3
  const errorCode = r.int16()
  const apiKeys = new Array<ApiVersion>(r.arrayCount(6, 56))
  for (let at = 0; at < apiKeys.length; at++) apiKeys[at] = readApiVersion(r)
  const throttleTimeMs = v >= 1 ? r.int32() : 0
  let supportedFeatures: readonly SupportedFeatureKey[] = NO_ITEMS
  let finalizedFeaturesEpoch: number = -1
  let finalizedFeatures: readonly FinalizedFeatureKey[] = NO_ITEMS
  let zkMigrationReady: boolean = false
  if (r.flexible) {
    for (let tags = r.tagCount(); tags > 0; tags--) {
      switch (r.uvarint()) {
        case 0: {
          const end = r.enterTag()
          const list = new Array<SupportedFeatureKey>(r.arrayCount(6, 56))
          for (let at = 0; at < list.length; at++) list[at] = readSupportedFeatureKey(r)
          supportedFeatures = list
          r.leaveTag(end)
          break
        }
        case 1: {
          const end = r.enterTag()
          finalizedFeaturesEpoch = r.int64()
          r.leaveTag(end)
          break
        }
        case 2: {
          const end = r.enterTag()
          const list = new Array<FinalizedFeatureKey>(r.arrayCount(6, 56))
          for (let at = 0; at < list.length; at++) list[at] = readFinalizedFeatureKey(r)
          finalizedFeatures = list
          r.leaveTag(end)
          break
        }
        case 3: {
          const end = r.enterTag()
          zkMigrationReady = r.bool()
          r.leaveTag(end)
          break
        }
        default:
          r.skipTag()
      }
    }
  }
  return {
    errorCode,
    apiKeys,
    throttleTimeMs,
    supportedFeatures,
    finalizedFeaturesEpoch,
    finalizedFeatures,
    zkMigrationReady,
  }
}

function writeApiVersionsResponse(w: FrameWriter, m: ApiVersionsResponseInit, v: number): void {
  checkVersion('ApiVersionsResponse', v, 0, 4)
  w.flexible = v >= 3
  w.int16(m.errorCode)
  w.arrayCount(m.apiKeys.length)
  for (const item of m.apiKeys) writeApiVersion(w, item)
  if (v >= 1) w.int32(m.throttleTimeMs ?? 0)
  const hasSupportedFeatures = (m.supportedFeatures?.length ?? 0) !== 0
  const hasFinalizedFeaturesEpoch = (m.finalizedFeaturesEpoch ?? -1) !== -1
  const hasFinalizedFeatures = (m.finalizedFeatures?.length ?? 0) !== 0
  const hasZkMigrationReady = (m.zkMigrationReady ?? false) !== false
  if (w.flexible) {
    w.uvarint(
      Number(hasSupportedFeatures) +
        Number(hasFinalizedFeaturesEpoch) +
        Number(hasFinalizedFeatures) +
        Number(hasZkMigrationReady),
    )
    if (hasSupportedFeatures) {
      const begun = w.beginTag(0)
      {
        const supportedFeatures = m.supportedFeatures ?? NO_ITEMS
        w.arrayCount(supportedFeatures.length)
        for (const item of supportedFeatures) writeSupportedFeatureKey(w, item)
      }
      w.endTag(begun)
    }
    if (hasFinalizedFeaturesEpoch) {
      const begun = w.beginTag(1)
      w.int64(m.finalizedFeaturesEpoch ?? -1)
      w.endTag(begun)
    }
    if (hasFinalizedFeatures) {
      const begun = w.beginTag(2)
      {
        const finalizedFeatures = m.finalizedFeatures ?? NO_ITEMS
        w.arrayCount(finalizedFeatures.length)
        for (const item of finalizedFeatures) writeFinalizedFeatureKey(w, item)
      }
      w.endTag(begun)
    }
    if (hasZkMigrationReady) {
      const begun = w.beginTag(3)
      w.bool(m.zkMigrationReady ?? false)
      w.endTag(begun)
    }
  }
}

function* writeApiVersionsResponseInSteps(
  w: FrameWriter,
  m: ApiVersionsResponseInit,
  v: number,
): Generator<void> {
  checkVersion('ApiVersionsResponse', v, 0, 4)
  w.flexible = v >= 3
  w.int16(m.errorCode)
  w.arrayCount(m.apiKeys.length)
  for (const item of m.apiKeys) {
    writeApiVersion(w, item)
    if (w.due()) yield
  }
  if (v >= 1) w.int32(m.throttleTimeMs ?? 0)
  const hasSupportedFeatures = (m.supportedFeatures?.length ?? 0) !== 0
  const hasFinalizedFeaturesEpoch = (m.finalizedFeaturesEpoch ?? -1) !== -1
  const hasFinalizedFeatures = (m.finalizedFeatures?.length ?? 0) !== 0
  const hasZkMigrationReady = (m.zkMigrationReady ?? false) !== false
  if (w.flexible) {
    w.uvarint(
      Number(hasSupportedFeatures) +
        Number(hasFinalizedFeaturesEpoch) +
        Number(hasFinalizedFeatures) +
        Number(hasZkMigrationReady),
    )
    if (hasSupportedFeatures) {
      const begun = w.beginTag(0)
      {
        const supportedFeatures = m.supportedFeatures ?? NO_ITEMS
        w.arrayCount(supportedFeatures.length)
        for (const item of supportedFeatures) {
          writeSupportedFeatureKey(w, item)
          if (w.due()) yield
        }
      }
      w.endTag(begun)
    }
    if (hasFinalizedFeaturesEpoch) {
      const begun = w.beginTag(1)
      w.int64(m.finalizedFeaturesEpoch ?? -1)
      w.endTag(begun)
    }
    if (hasFinalizedFeatures) {
      const begun = w.beginTag(2)
      {
        const finalizedFeatures = m.finalizedFeatures ?? NO_ITEMS
        w.arrayCount(finalizedFeatures.length)
        for (const item of finalizedFeatures) {
          writeFinalizedFeatureKey(w, item)
          if (w.due()) yield
        }
      }
      w.endTag(begun)
    }
    if (hasZkMigrationReady) {
      const begun = w.beginTag(3)
      w.bool(m.zkMigrationReady ?? false)
      w.endTag(begun)
    }
  }
}

export interface FinalizedFeatureKey {
  /** Name of the feature. */
  readonly name: string
  /** Highest level in use. */
  readonly maxVersionLevel: number
  /** Lowest level in use. */
  readonly minVersionLevel: number
}

/** FinalizedFeatureKey to be written. */
export interface FinalizedFeatureKeyInit {
  readonly name: string
  readonly maxVersionLevel: number
  readonly minVersionLevel: number
}

function readFinalizedFeatureKey(r: FrameReader): FinalizedFeatureKey {
  const name = r.string()
  const maxVersionLevel = r.int16()
  const minVersionLevel = r.int16()
  r.skipTags()
  return { name, maxVersionLevel, minVersionLevel }
}

function writeFinalizedFeatureKey(w: FrameWriter, m: FinalizedFeatureKeyInit): void {
  w.string(m.name)
  w.int16(m.maxVersionLevel)
  w.int16(m.minVersionLevel)
  w.noTags()
}

export interface SupportedFeatureKey {
  /** Name of the feature. */
  readonly name: string
  /** Lowest version, included. */
  readonly minVersion: number
  /** Highest version, included. */
  readonly maxVersion: number
}

/** SupportedFeatureKey to be written. */
export interface SupportedFeatureKeyInit {
  readonly name: string
  readonly minVersion: number
  readonly maxVersion: number
}

function readSupportedFeatureKey(r: FrameReader): SupportedFeatureKey {
  const name = r.string()
  const minVersion = r.int16()
  const maxVersion = r.int16()
  r.skipTags()
  return { name, minVersion, maxVersion }
}

function writeSupportedFeatureKey(w: FrameWriter, m: SupportedFeatureKeyInit): void {
  w.string(m.name)
  w.int16(m.minVersion)
  w.int16(m.maxVersion)
  w.noTags()
}

export interface ApiVersion {
  /** Number of the API. */
  readonly apiKey: number
  /** Lowest version, included. */
  readonly minVersion: number
  /** Highest version, included. */
  readonly maxVersion: number
}

/** ApiVersion to be written. */
export interface ApiVersionInit {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

function readApiVersion(r: FrameReader): ApiVersion {
  const apiKey = r.int16()
  const minVersion = r.int16()
  const maxVersion = r.int16()
  r.skipTags()
  return { apiKey, minVersion, maxVersion }
}

function writeApiVersion(w: FrameWriter, m: ApiVersionInit): void {
  w.int16(m.apiKey)
  w.int16(m.minVersion)
  w.int16(m.maxVersion)
  w.noTags()
}

const API_VERSIONS_RESPONSE: MessageCodec<ApiVersionsResponse, ApiVersionsResponseInit> = {
  name: 'ApiVersionsResponse',
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 3,
  read: readApiVersionsResponse,
  write: writeApiVersionsResponse,
  writeInSteps: writeApiVersionsResponseInSteps,
}

export const API_VERSIONS: Api<
  ApiVersionsRequest,
  ApiVersionsRequestInit,
  ApiVersionsResponse,
  ApiVersionsResponseInit
> = {
  key: 18,
  name: 'ApiVersions',
  minVersion: 0,
  maxVersion: 4,
  flexibleFrom: 3,
  request: API_VERSIONS_REQUEST,
  response: API_VERSIONS_RESPONSE,
}
