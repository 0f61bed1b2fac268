// What the tree of commands says of wrong words, before anything runs.

import { CommanderError } from 'commander'
import { expect, test } from 'vitest'
import { UsageError, report } from '../../src/cli/failure.ts'
import { createProgram } from '../../src/cli/program.ts'

/** The mistake in a call, as commander tells it. */
async function mistake(words: readonly string[]): Promise<CommanderError> {
  const program = createProgram('1.2.3')
  const silence = (command: typeof program): void => {
    command.configureOutput({ writeErr: () => {}, writeOut: () => {} })
    for (const child of command.commands) silence(child as typeof program)
  }
  silence(program)
  const error: unknown = await program.parseAsync(words, { from: 'user' }).catch((e: unknown) => e)
  expect(error).toBeInstanceOf(CommanderError)
  return error as CommanderError
}

test.each([
  [['topik'], "unknown command 'topik'\n(Did you mean topic?)"],
  [['topic', 'create', 'a', 'b'], "too many arguments for 'create'. Expected 1 argument but got 2"],
  [
    ['topic', 'create', 'a', '-p', '0'],
    "--partitions <count>' argument '0' is invalid. It is a whole",
  ],
  [
    ['topic', 'create', 'a', '-c', 'x'],
    "--config <name=value>' argument 'x' is invalid. It has the form",
  ],
  [['topic', 'describe'], "missing required argument 'name'"],
  [
    ['consume', 'a', '--from', 'foo'],
    "--from <position>' argument 'foo' is invalid. It is beginning",
  ],
  [['consume', 'a', '-k', ':'], "unknown option '-k'"],
  [['consume', 'a', '-n', '0'], "--count <records>' argument '0' is invalid"],
  [['consume', 'a', '--format', 'xml'], 'Allowed choices are value, key-value, full, json'],
  [['produce', 'a', '-z', 'rar'], 'Allowed choices are none, gzip, snappy, lz4, zstd'],
  [['produce', 'a', '--acks', '2'], 'Allowed choices are all, 1, 0'],
  [
    ['produce', 'a', '--linger', 'soon'],
    "--linger <duration>' argument 'soon' is invalid. It is a dur",
  ],
  [['produce', 'a', '--file'], "option '-f, --file <path>' argument missing"],
  [['group', 'reset'], "missing required argument 'group'"],
  [
    ['group', 'reset', 'g', '--to-datetime', 'noon'],
    "--to-datetime <time>' argument 'noon' is invalid. It is a time",
  ],
  [['group', 'list', '--state', 'Happy'], 'Allowed choices are Empty, PreparingRebalance'],
  [['start', 'extra'], "too many arguments for 'start'"],
  [['start', '--bogus'], "unknown option '--bogus'"],
  [['start', '--set', 'foo'], "--set <name=value>' argument 'foo' is invalid. It has the form"],
  [
    ['cluster', '--bootstrap', ':9'],
    "--bootstrap <host:port>' argument ':9' is invalid. It is host",
  ],
  [['health', '--http', 'x'], "--http <host:port>' argument 'x' is invalid. It is host:port"],
  [['completion', 'fish'], 'Allowed choices are bash, zsh'],
])('%j is a wrong call, and is told so', async (words, text) => {
  const error = await mistake(words)
  expect(error.message).toContain(text)
  expect(report(error)).toBe(2)
})

test('a group of commands alone is a wrong call, and shows its help', async () => {
  const error = await mistake(['topic'])
  expect([error.code, report(error)]).toEqual(['commander.help', 2])
})

test.each([
  [['--help'], 'commander.helpDisplayed'],
  [['topic', 'create', '--help'], 'commander.helpDisplayed'],
  [['--version'], 'commander.version'],
])('%j is no mistake', async (words, code) => {
  const error = await mistake(words)
  expect([error.code, report(error)]).toEqual([code, 0])
})

test.each([
  [['consume'], 'which topic? sluice topic list shows them'],
  [['consume', 'a', '-g', 'g', '--from', '5'], '--from is not for --group'],
  [['consume', 'a', '-g', 'g', '-p', '0'], '--partition is not for --group'],
  [['consume', 'a', '--pattern', 'b'], '--pattern is for --group, which is not given'],
  [['consume', 'a', '-v'], '--verbose is for --group, which is not given'],
  [['consume', 'a', '-g', 'g', '--pattern', 'b'], 'one of them is enough'],
  [['consume', '-g', 'g'], 'which topics? name them, or give --pattern'],
  [['group', 'reset', 'g'], 'where to? give --to-earliest'],
  [['group', 'reset', 'g', '--to-latest', '--to-offset', '3'], '2 places are given; give one of'],
  [['group', 'describe', 'g', '--interval', '1s'], '--interval is for --watch'],
  [['group', 'delete', 'a', 'b', '-t', 'x', '-y'], '--topic is for one group'],
])('%j makes no sense, and is told so before anything is done', async (words, text) => {
  const call = createProgram('1.2.3').parseAsync(words, { from: 'user' })
  const error: unknown = await call.catch((e: unknown) => e)
  expect(error).toBeInstanceOf(UsageError)
  expect((error as UsageError).message).toContain(text)
})
