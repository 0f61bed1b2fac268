// Every message in every version, random in content, is read and written by Kafka's own classes to
// the same values and the same bytes. Needs Java and Maven, and is left out, with a line that says
// so, where they are missing; a continuous-integration run must have them.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fetchKafka } from '../../../tools/kafka/fetch.mjs'
import { encode } from './codec-bytes.ts'
import { type Sent, asKafkaJson, askKafka } from './java-peer.ts'
import { type Fields, complete, messages, subjects, versionsOf } from './message-arbitraries.ts'

const SEED = 20_260_731
const MESSAGES_PER_VERSION = 20

const { classpath, missing } = fetchKafka()
if (missing !== null) {
  if (process.env['CI'] !== undefined) throw new Error(missing)
  process.stderr.write(`test/protocol/kafka/java-peer.test.ts is left out: ${missing}\n`)
}

interface Sample extends Sent {
  readonly given: Fields
}

function samples(): Sample[] {
  return subjects().flatMap((subject) => {
    return versionsOf(subject).flatMap((version) => {
      const options = { seed: SEED + version, numRuns: MESSAGES_PER_VERSION }
      return fc.sample(messages(subject, version), options).map((given) => {
        return { subject, version, given, bytes: encode(subject.codec, given, version) }
      })
    })
  })
}

describe.skipIf(missing !== null)("Kafka's own classes", () => {
  test('read what we write, and write it the same', () => {
    const sent = samples()
    const answers = askKafka(classpath!, sent)
    expect(answers).toHaveLength(sent.length)
    for (const [at, { subject, version, given, bytes }] of sent.entries()) {
      const answer = answers[at]!
      const where = `${subject.name} version ${version}, seed ${SEED}, sample ${at}`
      if (typeof answer === 'string') throw new Error(`${where}: ${answer}`)
      expect(answer.bytes.toString('hex'), where).toBe(bytes.toString('hex'))
      const { root } = subject.message
      const whole = complete(root, given, version)
      expect(asKafkaJson(root, whole, version, answer.json), where).toEqual(answer.json)
    }
  })
})
