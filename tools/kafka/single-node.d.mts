// Types of single-node.mjs.

import type { ChildProcess } from 'node:child_process'

export function startSingleNode(
  classpath: string,
  directory: string,
  settings: Readonly<Record<string, string | number>>,
  port: number,
  features?: Readonly<Record<string, number>>,
): Promise<ChildProcess>

export function stopBroker(broker: ChildProcess): Promise<void>

export function freePort(): Promise<number>
