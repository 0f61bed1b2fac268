// 10,000 bad clients against a broker that has others to serve (F46): what those notice, what memory it
// takes, and that all of it comes back.
//
//   before │ a load at a fixed rate │ during │ the same, and the attackers │ after │ the same
//
// The broker asks clients who they are (PLAIN), so that there may be unknown ones and known ones among the
// attackers. They are in a process of their own, as the broker is.

import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RecordableHistogram } from 'node:perf_hooks'
import { BrokerProcess } from '../../../test/support/broker-process.ts'
import { cpuSeconds, newLatencies, residentMegabytes } from '../../broker/measure.ts'
import type { AttackState } from './attackers.ts'
import { PASSWORD, USER, type Group } from './kinds.ts'
import { HonestLoad } from './honest-load.ts'

export interface Phase {
  readonly name: 'before' | 'during' | 'after'
  /** Of a record of 1 KB, produced and fetched again, in µs. */
  readonly small: RecordableHistogram
  /** Of a batch of 256 KB that is produced, in µs. */
  readonly large: RecordableHistogram
  /** Processor seconds of the broker a second. */
  readonly cpu: number
  /** Resident memory of the broker in this phase, in megabytes. */
  readonly peak: number
  readonly last: number
  /** Connections of the broker at the end of it. */
  readonly connections: number
}

export interface AttackFindings {
  readonly group: Group
  readonly connections: number
  readonly phases: readonly Phase[]
  readonly kinds: AttackState['kinds']
  /** Connections that the broker has closed, by what for. */
  readonly refusals: ReadonlyMap<string, number>
  /** Most that the broker said to hold of answers and of requests, in megabytes. */
  readonly heldAnswers: number
  readonly heldRequests: number
  /** Most that the system's own buffers of all connections held, and from where on it is short of them. */
  readonly systemBuffers: { readonly most: number; readonly short: number }
}

export interface AttackOptions {
  readonly group: Group
  readonly connections: number
  /** Length of the attack; before and after it a third of that. */
  readonly seconds: number
}

const SAMPLE_MS = 250

export async function attack({
  group,
  connections,
  seconds,
}: AttackOptions): Promise<AttackFindings> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-attack-'))
  const users = join(directory, 'users.properties')
  writeFileSync(users, `${USER}=${PASSWORD}\n`)
  const broker = await BrokerProcess.start(join(directory, 'data'), [
    ...['--log-level', 'error', '--set', `max.connections=${2 * connections}`],
    ...['--set', 'sasl.enabled.mechanisms=PLAIN', '--set', `sasl.plain.users.file=${users}`],
    ...['--set', 'log.retention.bytes=200000000', '--set', 'log.segment.bytes=50000000'],
  ])
  const port = Number(broker.addresses.kafka.split(':')[1])
  try {
    const watch = new Watch(broker)
    const load = await HonestLoad.start(port)
    const before = await watch.phase('before', load, seconds / 3)
    const words = [`${port}`, `${connections}`, group]
    const attackers = fork(new URL('attackers.ts', import.meta.url), words)
    let kinds: AttackState['kinds'] = []
    attackers.on('message', (state: AttackState) => {
      kinds = state.kinds
    })
    const during = await watch.phase('during', load, seconds)
    await stopped(attackers)
    const after = await watch.phase('after', load, seconds / 3)
    await load.stop()
    const refusals = await watch.refusals()
    const { heldAnswers, heldRequests, systemBuffers } = watch
    const phases = [before, during, after]
    const held = { heldAnswers, heldRequests, systemBuffers }
    return { group, connections, phases, kinds, refusals, ...held }
  } finally {
    await broker.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function stopped(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.send('stop')
  await exited
}

/** Looks at the broker from outside. */
class Watch {
  heldAnswers = 0
  heldRequests = 0
  readonly systemBuffers = { most: 0, short: megabytesOf(tcpMemory()[1]!) }
  readonly #broker: BrokerProcess

  constructor(broker: BrokerProcess) {
    this.#broker = broker
  }

  async phase(name: Phase['name'], load: HonestLoad, seconds: number): Promise<Phase> {
    const { pid } = this.#broker
    const [small, large] = [newLatencies(), newLatencies()]
    load.measure(small, large)
    const cpu = cpuSeconds(pid)
    const begun = performance.now()
    let peak = 0
    for (let sample = 0; performance.now() - begun < seconds * 1_000; sample++) {
      await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
      peak = Math.max(peak, residentMegabytes(pid).now)
      if (sample % 4 === 0) await this.#lookInside()
    }
    const took = (performance.now() - begun) / 1_000
    const connections = await this.#lookInside()
    const used = (cpuSeconds(pid) - cpu) / took
    const last = residentMegabytes(pid).now
    return { name, small, large, cpu: used, peak, last, connections }
  }

  async refusals(): Promise<ReadonlyMap<string, number>> {
    const pattern = /^sluice_connections_refused_total\{.*cause="(\w+)".*\} (\d+)$/gm
    const found = (await this.#metrics()).matchAll(pattern)
    return new Map([...found].map(([, cause, count]) => [cause!, Number(count)]))
  }

  async #lookInside(): Promise<number> {
    const text = await this.#metrics()
    const valueOf = (name: string): number => {
      return Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name} `))!
          .split(' ')[1],
      )
    }
    const megabytes = (name: string): number => valueOf(name) / 1e6
    this.heldAnswers = Math.max(
      this.heldAnswers,
      megabytes('sluice_response_bytes_held{listener="kafka"}'),
    )
    this.heldRequests = Math.max(this.heldRequests, megabytes('sluice_request_bytes_held'))
    const { systemBuffers } = this
    systemBuffers.most = Math.max(systemBuffers.most, megabytesOf(tcpPages()))
    return valueOf('sluice_connections{listener="kafka"}')
  }

  async #metrics(): Promise<string> {
    return await (await fetch(`http://${this.#broker.addresses.http}/metrics`)).text()
  }
}

// Linux: https://docs.kernel.org/networking/ip-sysctl.html, tcp_mem; in pages.

const PAGE_BYTES = 4_096

function megabytesOf(pages: number): number {
  return (pages * PAGE_BYTES) / 1e6
}

/** @returns from where on all is well, where buffers are short, and the most there are */
function tcpMemory(): number[] {
  return readFileSync('/proc/sys/net/ipv4/tcp_mem', 'utf8').split(/\s+/).map(Number)
}

function tcpPages(): number {
  const line = /^TCP: .*\bmem (\d+)$/m.exec(readFileSync('/proc/net/sockstat', 'utf8'))
  return Number(line![1])
}
