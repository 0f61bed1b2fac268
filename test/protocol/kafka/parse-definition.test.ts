// What the definition files may say, and what is refused with a file and a line.

import { expect, test } from 'vitest'
import { parseDefinition } from '../../../tools/kafka-codecs/parse-definition.ts'

const HEAD = 'api 7 Thing 1-5 flexible 4+\n\nrequest\n'

test('a definition is read', () => {
  const text = `# Does a thing.\n\n${HEAD}  names: []Name?2+ 1-4 ignorable = null -- what
      -- they are called
    text: string
  late: int8 4+ tag 0 = 3\n\nresponse\n  errorCode: int16\n`
  const { file, prose, api, messages } = parseDefinition('07-thing.txt', text)
  expect({ file, prose, api }).toEqual({
    file: 'thing',
    prose: ['Does a thing.'],
    api: { key: 7, name: 'Thing' },
  })
  const [names, late] = messages[0]!.root.fields
  expect(names).toMatchObject({
    type: { kind: 'array', element: { kind: 'struct', struct: { name: 'Name' } } },
    versions: { from: 1, to: 4 },
    nullable: { from: 2, to: 4 },
    ignorable: true,
    default: 'null',
    prose: 'what they are called',
  })
  expect(late).toMatchObject({ versions: { from: 4, to: 5 }, tag: 0, default: '3' })
  expect(messages.map(({ root }) => root.name)).toEqual(['ThingRequest', 'ThingResponse'])
})

test.each([
  ['a type that is not known', '  a: strin\n', /:4: strin is not known/],
  ['versions outside those of the message', '  a: int8 6+\n', /6\+ is outside 1-5/],
  ['a tag before the first flexible version', '  a: int8 3+ tag 0\n', /:4: tagged before/],
  ['a field twice', '  a: int8\n  a: int8\n', /:5: a field is declared twice/],
  ['a struct twice', '  a: S\n    b: int8\n  c: S\n    b: int8\n', /:6: S is declared twice/],
  ['an indent that fits nothing', '  a: int8\n      b: int8\n', /indented by 6/],
  ['a line that is no field', '  a int8\n', /:4: not a field/],
  ['a message of another kind', 'data Other 1\n', /:4: not the kind of this file/],
])('%s is refused', (_, body, message) => {
  expect(() => parseDefinition('07-thing.txt', HEAD + body)).toThrow(message)
})
