// Types of fetch.mjs.

export const KAFKA_DIRECTORY: string
export const KAFKA_VERSION: string

export type FetchedKafka =
  | { readonly classpath: string; readonly missing: null }
  | { readonly classpath: null; readonly missing: string }

export function kafkaVersionOf(pom: string): string

export function fetchKafka(pom?: string): FetchedKafka

export interface KafkaRun {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export function runKafkaClass(
  classpath: string,
  mainClass: string,
  args: readonly string[],
  timeoutMs?: number,
): KafkaRun
