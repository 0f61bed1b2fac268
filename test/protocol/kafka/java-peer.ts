// Kafka's own message classes, as a second opinion on our codecs (tools/kafka/Messages.java).

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Fields, Subject, Value } from './message-arbitraries.ts'
import { type FieldType, type Struct, includes } from '../../../tools/kafka-codecs/definition.ts'

const SOURCE = fileURLToPath(new URL('../../../tools/kafka/Messages.java', import.meta.url))

export interface Sent {
  readonly subject: Subject
  readonly version: number
  readonly bytes: Buffer
}

export interface Answer {
  readonly bytes: Buffer
  readonly json: { readonly [name: string]: unknown }
}

/** Has Kafka read each message. An answer is text where it could not. */
export function askKafka(classpath: string, sent: readonly Sent[]): (Answer | string)[] {
  const lines = sent.map(({ subject, version, bytes }) => {
    return `${className(subject)} ${version} ${bytes.toString('hex')}\n`
  })
  const args = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-cp', classpath, SOURCE]
  const { status, stdout, stderr } = spawnSync('java', args, {
    input: lines.join(''),
    encoding: 'utf8',
    maxBuffer: 1024 * 1024 * 1024,
  })
  if (status !== 0) throw new Error(stderr)
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      if (line.startsWith('failed ')) return line
      const space = line.indexOf(' ')
      const json = JSON.parse(line.slice(space + 1), bigIntegers) as Answer['json']
      return { bytes: Buffer.from(line.slice(0, space), 'hex'), json }
    })
}

function className({ name, message }: Subject): string {
  if (message.kind === 'data') return `org.apache.kafka.common.message.${name}`
  if (message.recordType === null) return `org.apache.kafka.common.message.${name}Data`
  const coordinator = name.startsWith('TransactionLog') ? 'transaction' : 'group'
  return `org.apache.kafka.coordinator.${coordinator}.generated.${name}`
}

/** Keeps integers whole that a number cannot hold. */
function bigIntegers(_: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  return source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value
}

/**
 * Our fields in the way that Kafka writes them as JSON: those of the version only, bytes in base64,
 * of records the size. Tagged fields at their defaults are missing there, so `json` says which.
 */
export function asKafkaJson(
  struct: Struct,
  fields: Fields,
  version: number,
  json: Answer['json'],
): Fields {
  const shown = struct.fields.filter((field) => {
    if (!includes(field.versions, version)) return false
    return field.tag === null || json[nameIn(field.name, json)] !== undefined
  })
  return Object.fromEntries(
    shown.map(({ name, type }) => {
      const key = nameIn(name, json)
      if (type.kind === 'records') {
        const records = fields[name] as Buffer | null
        return records === null ? [key, null] : [`${key}SizeInBytes`, records.byteLength]
      }
      return [key, jsonValue(type, fields[name]!, version, json[key])]
    }),
  )
}

/** Kafka spells one name in capitals. */
function nameIn(name: string, json: Answer['json']): string {
  return name in json ? name : (Object.keys(json).find((key) => sameWord(key, name)) ?? name)
}

function sameWord(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

function jsonValue(type: FieldType, value: Value, version: number, json: unknown): Value {
  if (value === null) return null
  switch (type.kind) {
    case 'array':
      return (value as readonly Value[]).map((item, at) => {
        return jsonValue(type.element, item, version, (json as readonly unknown[])[at])
      })
    case 'struct':
      return asKafkaJson(type.struct, value as Fields, version, json as Answer['json'])
    case 'bytes':
      return (value as Buffer).toString('base64')
    case 'int64big':
      return Number.isSafeInteger(Number(value)) ? Number(value) : value
    default:
      return value
  }
}
