// Completion scripts for shells, written from the tree of commands, so that they never lag behind.

import type { Command } from 'commander'

/** A command with the words that may follow it. */
interface Node {
  /** "topic create"; empty for the program itself. */
  readonly path: string
  /** Names of subcommands and flags, or the choices of its first argument. */
  readonly words: readonly string[]
  /** What may follow a flag, for flags whose values are known. */
  readonly choices: readonly { readonly flags: readonly string[]; readonly words: string[] }[]
}

/** @returns `program` and every command below it, by each of its names */
function nodesOf(program: Command): Node[] {
  const nodes: Node[] = []
  const visit = (command: Command, path: string): void => {
    const help = command.createHelp()
    const subcommands = help.visibleCommands(command).filter((child) => child.name() !== 'help')
    const options = help.visibleOptions(command)
    const names = subcommands.map((child) => child.name())
    const values = command.registeredArguments[0]?.argChoices ?? []
    const flags = options.flatMap(({ long }) => long ?? [])
    const choices = options.flatMap(({ short, long, argChoices }) => {
      return argChoices ? [{ flags: [long ?? [], short ?? []].flat(), words: argChoices }] : []
    })
    nodes.push({ path, words: [...names, ...values, ...flags], choices })
    for (const child of subcommands) {
      for (const name of [child.name(), ...child.aliases()]) visit(child, `${path} ${name}`.trim())
    }
  }
  visit(program, '')
  return nodes
}

/** A script for bash: `source <(sluice completion bash)`. */
export function bashCompletion(program: Command): string {
  const nodes = nodesOf(program)
  const words = nodes.map(
    ({ path, words: known }) => `    '${path}') words='${known.join(' ')}' ;;`,
  )
  const values = nodes.flatMap(({ path, choices }) => {
    return choices.map(({ flags, words: known }) => {
      const patterns = flags.map((flag) => `'${path} ${flag}'`).join('|')
      return `    ${patterns}) words='${known.join(' ')}' ;;`
    })
  })
  return `# bash completion for sluice: source <(sluice completion bash)
_sluice() {
  local path='' word words='' current="\${COMP_WORDS[COMP_CWORD]}"
  for word in "\${COMP_WORDS[@]:1:$((COMP_CWORD-1))}"; do
    case "$word" in
      -*) ;;
      *) if _sluice_words "\${path:+$path }$word"; then path="\${path:+$path }$word"; fi ;;
    esac
  done
  _sluice_values "$path \${COMP_WORDS[COMP_CWORD-1]}" || _sluice_words "$path"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
# Puts what may follow a command into words.
_sluice_words() {
  case "$1" in
${words.join('\n')}
    *) return 1 ;;
  esac
}
# Puts what may follow a flag into words.
_sluice_values() {
  case "$1" in
${values.join('\n')}
    *) return 1 ;;
  esac
}
complete -o default -F _sluice sluice
`
}

/** A script for zsh: `source <(sluice completion zsh)`. */
export function zshCompletion(program: Command): string {
  return `# zsh completion for sluice: source <(sluice completion zsh)
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
autoload -Uz bashcompinit && bashcompinit
${bashCompletion(program).replace(/^.*\n/, '')}`
}
