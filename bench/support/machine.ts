// Where a bench ran: a figure without its machine says little.

import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem, type } from 'node:os'

export interface MachineFacts {
  readonly cpu: string
  readonly cores: number
  readonly memoryGib: number
  readonly system: string
  readonly node: string
  /** Short hash, with `+` when files differ from it, or `none` outside a repository. */
  readonly commit: string
  /** Day of the run, UTC. */
  readonly date: string
}

export function machineFacts(): MachineFacts {
  const processors = cpus()
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    commit: commit(),
    date: new Date().toISOString().slice(0, 10),
  }
}

/** The facts in one line. */
export function machineLine(facts: MachineFacts): string {
  return (
    `${facts.cpu}, ${facts.cores} cores, ${facts.memoryGib} GiB · ${facts.system} · ` +
    `Node ${facts.node} · commit ${facts.commit} · ${facts.date}`
  )
}

function commit(): string {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { cwd: import.meta.dirname, encoding: 'utf8', stdio: 'pipe' }).trim()
  try {
    const hash = git('rev-parse', '--short', 'HEAD')
    return git('status', '--porcelain') === '' ? hash : `${hash}+`
  } catch {
    return 'none'
  }
}
