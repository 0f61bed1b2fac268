// Completion scripts for shells, written from the tree of commands, so that they never lag behind.

import type { Command } from 'commander'

/** A command with the words that may follow it. */
interface Node {
  readonly path: string
  readonly words: readonly string[]
}

/** @returns every command below `program`, itself first, with its subcommands and flags */
function nodesOf(program: Command): Node[] {
  const nodes: Node[] = []
  const visit = (command: Command, path: string): void => {
    const help = command.createHelp()
    const subcommands = help.visibleCommands(command).filter((child) => child.name() !== 'help')
    const flags = help.visibleOptions(command).flatMap((option) => option.long ?? [])
    nodes.push({ path, words: [...subcommands.map((child) => child.name()), ...flags] })
    for (const child of subcommands) visit(child, `${path} ${child.name()}`.trim())
  }
  visit(program, '')
  return nodes
}

/** A script for bash: `source <(sluice completion bash)`. */
export function bashCompletion(program: Command): string {
  const cases = nodesOf(program).map(({ path, words }) => {
    return `    '${path}') words='${words.join(' ')}' ;;`
  })
  return `# bash completion for sluice: source <(sluice completion bash)
_sluice() {
  local path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) _sluice_words "\${path:+$path }$word" > /dev/null && path="\${path:+$path }$word" ;; esac
  done
  words=$(_sluice_words "$path")
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
_sluice_words() {
  local words
  case "$1" in
${cases.join('\n')}
    *) return 1 ;;
  esac
  echo "$words"
}
complete -o default -F _sluice sluice
`
}

/** A script for zsh: `source <(sluice completion zsh)`. */
export function zshCompletion(program: Command): string {
  return `# zsh completion for sluice: source <(sluice completion zsh)
autoload -Uz bashcompinit && bashcompinit
${bashCompletion(program)}`
}
