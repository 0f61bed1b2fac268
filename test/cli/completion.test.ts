// Completion as the shells run it, and the help of every command.

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { bashCompletion, zshCompletion } from '../../src/cli/completion.ts'
import { createProgram } from '../../src/cli/program.ts'
import { isInstalled } from '../support/commands.ts'

const run = promisify(execFile)
const program = createProgram('0.0.0')

/** What bash offers for the last of these words. */
async function offered(...words: string[]): Promise<string[]> {
  const script = `
    source <(cat <<'END_OF_COMPLETION'\n${bashCompletion(program)}\nEND_OF_COMPLETION\n)
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout } = await run('bash', ['-c', script, 'bash', 'sluice', ...words])
  return stdout.trim().split('\n')
}

describe('completion in bash', () => {
  test.each([
    [['to'], ['topic']],
    [
      ['topic', ''],
      ['create', 'list', 'describe', 'alter', 'delete', '--help'],
    ],
    [['topic', 'ls', '--i'], ['--internal']],
    [['topic', 'create', 'clicks', '--part'], ['--partitions']],
    [
      ['produce', 'clicks', '--format', ''],
      ['lines', 'json'],
    ],
    [['produce', '-z', 'z'], ['zstd']],
    [
      ['group', 'list', '--type', ''],
      ['classic', 'consumer'],
    ],
    [['group', 'describe', 'g', '--w'], ['--watch']],
    [['consume', '--partition', '3', 'clicks', '--no'], ['--no-follow']],
    [
      ['completion', ''],
      ['bash', 'zsh', '--help'],
    ],
    [['nonsense', 'he'], ['health']],
  ])('offers, behind %j, %j', async (words, expected) => {
    expect(await offered(...words)).toEqual(expected)
  })

  test('knows every flag of every command', async () => {
    const flags = (await offered('bench', '--')).toSorted()
    const bench = program.commands.find((command) => command.name() === 'bench')!
    const known = bench.options.map((option) => option.long!)
    expect(flags).toEqual([...known, '--help'].toSorted())
  })
})

test.skipIf(!isInstalled('zsh', '--version'))('the script for zsh is read by zsh', async () => {
  const script = `${zshCompletion(program)}\nwhence -w _sluice; print -r -- $_comps[sluice]`
  const { stdout } = await run('zsh', ['-f', '-c', script.replace('compinit;', 'compinit -u;')])
  expect(stdout).toMatch(/^_sluice: function$/m)
  expect(stdout).toMatch(/_bash_complete.*_sluice/)
})

describe('help', () => {
  const all = (command: Command, path: string): [string, Command][] => [
    [path, command],
    ...command.commands.flatMap((child) => all(child, `${path} ${child.name()}`)),
  ]

  test.each(all(program, 'sluice'))(
    'of %s has examples of itself, in lines that fit',
    (path, command) => {
      let text = ''
      command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 80 })
      command.outputHelp()
      const examples = text.split('\nExamples:\n')[1] ?? ''
      expect(examples).toContain(path)
      expect(text.split('\n').filter((line) => line.length > 110)).toEqual([])
    },
  )

  test.each(all(program, 'sluice'))('of %s says something of each flag', (_, command) => {
    expect(command.options.filter(({ description }) => description === '')).toEqual([])
  })
})
