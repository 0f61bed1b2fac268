// The types that a user sees: what is inferred, and what the compiler refuses. `npm run check`
// compiles this file, so an expectation that fails, fails there; running it proves nothing more.

import { expectTypeOf, test } from 'vitest'
import { Consumer, Producer, bytesSerde, jsonSerde, stringSerde } from '../../src/client/index.ts'
import type {
  ConsumerRecord,
  Deserializer,
  ProducerRecord,
  RecordMetadata,
  Serialized,
} from '../../src/client/index.ts'

interface Click {
  readonly page: string
}

test('a producer takes what its serializers take', () => {
  const plain = new Producer()
  expectTypeOf(plain).toEqualTypeOf<Producer<Serialized, Serialized>>()
  expectTypeOf(plain.send).parameter(0).toEqualTypeOf<ProducerRecord<Serialized, Serialized>>()
  expectTypeOf(plain.send).returns.toEqualTypeOf<Promise<RecordMetadata>>()

  const typed = new Producer({ keySerializer: stringSerde, valueSerializer: jsonSerde<Click>() })
  expectTypeOf(typed).toEqualTypeOf<Producer<string, Click>>()
  expectTypeOf<{ topic: string; key: string; value: Click }>().toExtend<
    Parameters<typeof typed.send>[0]
  >()
  expectTypeOf<{ topic: string; key: null; value: null }>().toExtend<
    Parameters<typeof typed.send>[0]
  >()
  expectTypeOf<{ topic: string; value: string }>().not.toExtend<Parameters<typeof typed.send>[0]>()
  expectTypeOf<{ topic: string; key: number }>().not.toExtend<Parameters<typeof typed.send>[0]>()
  expectTypeOf<{ value: Click }>().not.toExtend<Parameters<typeof typed.send>[0]>()
  // @ts-expect-error: not an option
  void (() => new Producer({ linger: 5 }))
  // @ts-expect-error: no such codec
  void (() => new Producer({ compression: 'brotli' }))
})

test('a consumer gives what its deserializers give', () => {
  const plain = new Consumer()
  expectTypeOf(plain).toEqualTypeOf<Consumer<Buffer, Buffer>>()

  const typed = new Consumer({ keyDeserializer: bytesSerde, valueDeserializer: jsonSerde<Click>() })
  expectTypeOf(typed).toEqualTypeOf<Consumer<Buffer, Click>>()
  expectTypeOf(typed[Symbol.asyncIterator]().next).returns.toEqualTypeOf<
    Promise<IteratorResult<ConsumerRecord<Buffer, Click>>>
  >()
  expectTypeOf<ConsumerRecord<string, Click>['value']>().toEqualTypeOf<Click | null>()
  expectTypeOf<ConsumerRecord<string, Click>['key']>().toEqualTypeOf<string | null>()

  const custom: Deserializer<number> = { deserialize: (bytes) => bytes.readDoubleBE() }
  expectTypeOf(new Consumer({ valueDeserializer: custom })).toEqualTypeOf<
    Consumer<Buffer, number>
  >()
})
