// What commands have in common: flags, examples, and how they answer to a wrong call.

import { Option, type Command } from 'commander'
import { bootstrap } from './flag-values.ts'

const BOOTSTRAP = '127.0.0.1:9094'

/** Adds the flags of every command that speaks to a broker. */
export function connected(command: Command): Command {
  return command
    .addOption(
      new Option('--bootstrap <host:port>', 'brokers: host:port of gRPC, or kafka://host:port')
        .env('SLUICE_BOOTSTRAP')
        .argParser(bootstrap)
        .default([BOOTSTRAP], BOOTSTRAP),
    )
    .addOption(new Option('--json', 'print JSON'))
}

/**
 * Adds examples to the end of a command's help.
 *
 * @param lines what to type, and what that does where it needs to be said
 */
export function examples(
  command: Command,
  lines: readonly (readonly [line: string, what: string])[],
): Command {
  const width = Math.max(...lines.map(([line]) => line.length))
  const text = lines.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`.trimEnd())
  return command.addHelpText('after', `\nExamples:\n${text.join('\n')}`)
}

/** Lets a command and all below it answer to mistakes in one way, and end by an error. */
export function settle(command: Command, path = command.name()): void {
  command
    .exitOverride()
    .showHelpAfterError(`        ${path} --help tells what is allowed`)
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'sluice: ')),
    })
  for (const child of command.commands) settle(child, `${path} ${child.name()}`)
}
