// The tree of commands: names, flags, help, examples. What a command does stands in commands/, and is
// loaded only when it runs.

import { Argument, Command, Option } from 'commander'
import { realClock } from '../io/real-clock.ts'
import { connected, examples, settle } from './command.ts'
import { bashCompletion, zshCompletion } from './completion.ts'
import {
  durationMs,
  header,
  hostPort,
  integer,
  integers,
  keyValue,
  sizeBytes,
  startPosition,
} from './flag-values.ts'
import { transactionCommand } from './commands/transaction-commands.ts'
import { groupCommand } from './group-commands.ts'
import { write } from './terminal.ts'
import { topicCommand } from './topic-commands.ts'

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** @param version shown by `--version` */
export function createProgram(version: string): Command {
  const program = new Command('sluice')
    .description('Event streaming: durable, partitioned logs, over Kafka’s protocol and gRPC.')
    .version(version)
  program.addCommand(startCommand())
  program.addCommand(topicCommand())
  program.addCommand(produceCommand())
  program.addCommand(consumeCommand())
  program.addCommand(groupCommand())
  program.addCommand(transactionCommand())
  program.addCommand(benchCommand())
  program.addCommand(clusterCommand())
  program.addCommand(healthCommand())
  program.addCommand(completionCommand(program))
  settle(program)
  return examples(program, [
    ['sluice start', 'one broker on 127.0.0.1, data in ./sluice-data'],
    ['sluice topic create clicks --partitions 6', 'a topic'],
    ['sluice produce clicks < events.jsonl', 'a record for each line'],
    ['sluice consume clicks --from-beginning', 'and back again'],
  ])
}

function startCommand(): Command {
  const command = new Command('start')
    .description('Run a broker until it is told to stop.')
    .option('--data-dir <directory>', 'where its data is kept (default: ./sluice-data)')
    .option('--grpc <host:port>', 'address of the gRPC front (default: 127.0.0.1:9094)')
    .option('--http <host:port>', 'address of health and metrics (default: 127.0.0.1:9095)')
    .option('--kafka <host:port>', 'address of the Kafka front (default: 127.0.0.1:9092)')
    .option('--config <file>', 'options from a YAML file, or Kafka’s .properties')
    .option('--set <name=value>', 'an option by its name, as in log.retention.ms=7d', keyValue)
    .option('--log-level <level>', 'debug, info, warn or error (default: info)')
    .option('--allow-insecure-listeners', 'allow addresses that other machines reach')
    .option('--json', 'tell that it is ready as a line of JSON')
    .addHelpText(
      'after',
      `
Every option may also stand in a file or in the environment; flags win, then the environment, then the
file. retention.ms of all topics, say: --set log.retention.ms=7d, or SLUICE_LOG_RETENTION_MS=7d, or in
sluice.yaml: "log.retention.ms: 7d". sluice cluster --configs shows all of them.`,
    )
    .action(async (flags) => (await import('./commands/start.ts')).start(flags))
  return examples(command, [
    ['sluice start', 'data in ./sluice-data'],
    ['sluice start --data-dir /var/lib/sluice --grpc 127.0.0.1:19094', ''],
    ['sluice start --config sluice.yaml', ''],
  ])
}

function produceCommand(): Command {
  const command = connected(new Command('produce'))
    .description('Write records to a topic: a record for each line of standard input or a file.')
    .argument('<topic>', 'made when it does not exist, unless the broker forbids that')
    .option('-f, --file <path>', 'read this file (default: standard input)')
    .addOption(
      new Option('--format <format>', 'what a line is').choices(['lines', 'json']).default('lines'),
    )
    .option('-k, --key-separator <text>', 'what stands between key and value in a line')
    .option('-H, --header <name=value>', 'a header of every record; may be repeated', header)
    .option('-p, --partition <number>', 'default: by the key', integer(0))
    .addOption(
      new Option('-z, --compression <codec>', 'of batches').choices(CODECS).default('none'),
    )
    .addOption(
      new Option('--acks <acks>', 'all: on disk; 1: written; 0: no answer')
        .choices(['all', '1', '0'])
        .default('all'),
    )
    .option('--linger <duration>', 'how long a batch waits for more, as in 5ms', durationMs)
    .option('--batch-bytes <size>', 'size of a full batch, as in 256KiB', sizeBytes)
    .option('-t, --transactional-id <id>', 'all lines in one transaction of this producer')
    .option(
      '--transaction-timeout <duration>',
      'with --transactional-id: how long that may take (default: 15m)',
      durationMs,
    )
    .option('-q, --quiet', 'no progress')
    .addHelpText(
      'after',
      `
With --format json a line is what sluice consume --json prints, all but value optional:
  {"key": …, "value": …, "headers": {"name": …}, "timestamp": ms since 1970, "partition": …}
Strings are taken as text, null as null, other values as JSON; bytes that are no text stand in base64
in keyBase64 and valueBase64. A topic and an offset in a line have no effect.

It ends when every record was acknowledged. A line that is not understood ends it, too: all lines
before that one were produced.

With --transactional-id readers of committed records see all lines or none: none of them when one is not
understood or refused, or on Ctrl-C. Whoever produces with the same id meanwhile is stopped.`,
    )
    .action(async (topic, flags) => (await import('./commands/produce.ts')).produce(topic, flags))
  return examples(command, [
    ['sluice produce logs --file /var/log/dpkg.log', 'with a progress bar'],
    ["echo 'user-7:signed in' | sluice produce clicks --key-separator :", ''],
    ['sluice produce clicks --format json --compression zstd < events.jsonl', ''],
    ['sluice produce prices --transactional-id import < prices.csv', 'all lines, or none'],
  ])
}

function consumeCommand(): Command {
  const command = connected(new Command('consume'))
    .description('Read records from topics to standard output.')
    .argument('[topics...]', 'topics')
    .option('-b, --from-beginning', 'the same as --from beginning; of a group: where it begins')
    .option(
      '--from <position>',
      'beginning, end, an offset, or a time as in 2026-01-31T12:00Z or 15m (ago)',
      (text) => startPosition(text, realClock.now()),
    )
    .option('-p, --partition <number>', 'only this one; may be repeated', integers(0))
    .option('-g, --group <group>', 'share the partitions with all consumers of this group')
    .option('--pattern <regex>', 'with --group: all topics whose whole name matches')
    .option(
      '--instance-id <name>',
      'with --group: a name under which it finds its partitions again',
    )
    .option('-v, --verbose', 'with --group: tell which partitions it gets and gives up')
    .option('-n, --count <records>', 'end after this many', integer(1))
    .option('--no-follow', 'end when all that is there now was read')
    .addOption(
      new Option('--isolation <isolation>', 'of transactions: only what was committed, or all')
        .choices(['read_committed', 'read_uncommitted'])
        .default('read_uncommitted'),
    )
    .addOption(
      new Option('--format <format>', 'what is printed of a record')
        .choices(['value', 'key-value', 'full', 'json'])
        .default('value'),
    )
    .option('--key-separator <text>', 'between key and value with key-value (default: a tab)')
    .option('--progress', 'show progress on standard error')
    .addHelpText(
      'after',
      `
It begins at the end unless told otherwise, and goes on until Ctrl-C, --count or --no-follow.
Records of one partition come in their order; several partitions are read side by side.

With --group it goes on where the group has committed, commits what it has printed, and shares the
partitions with the other consumers of the group, whatever they are written in. sluice group shows and
moves groups.`,
    )
    .action(async (topics, flags) => (await import('./commands/consume.ts')).consume(topics, flags))
  return examples(command, [
    ['sluice consume clicks --from-beginning', ''],
    ['sluice consume clicks --from 15m --json', 'what came in the last 15 minutes, and goes on'],
    ['sluice consume clicks --from 1200 --partition 3 --count 10', ''],
    ['sluice consume clicks --group reports --from-beginning', 'on where the group has committed'],
    ["sluice consume --group reports --pattern 'clicks-.*' -v", ''],
    [
      'sluice consume clicks --isolation read_committed',
      'nothing of a transaction that is aborted',
    ],
  ])
}

function benchCommand(): Command {
  const command = connected(new Command('bench'))
    .description('Load a broker with records, and measure.')
    .option('-t, --topic <name>', 'default: one made for this run, and deleted after it')
    .option('-n, --records <count>', 'records in all', integer(1), 1_000_000)
    .option('-s, --record-size <size>', 'of a value, as in 1KiB', sizeBytes, 100)
    .option('--partitions <count>', 'of a topic made for this run', integer(1), 1)
    .option('--producers <count>', 'at the same time', integer(1), 1)
    .option(
      '--rate <records/s>',
      'of all producers together (default: as fast as they can)',
      integer(1),
    )
    .addOption(
      new Option('--acks <acks>', 'as of produce').choices(['all', '1', '0']).default('all'),
    )
    .addOption(
      new Option('-z, --compression <codec>', 'of batches').choices(CODECS).default('none'),
    )
    .addOption(
      new Option('--flush-policy <policy>', 'of a topic made for this run')
        .choices(['disk', 'os'])
        .default('disk'),
    )
    .option('--no-consume', 'measure producing only')
    .action(async (flags) => (await import('./commands/bench.ts')).bench(flags))
  return examples(command, [
    ['sluice bench', '1,000,000 records of 100 bytes'],
    ['sluice bench --records 100000 --record-size 1KiB --producers 4', ''],
    ['sluice bench --rate 5000 --records 50000', 'latency under a steady load'],
  ])
}

function clusterCommand(): Command {
  const command = connected(new Command('cluster'))
    .description('Show the cluster and its brokers.')
    .option('--configs', 'every option of the brokers, with its source and meaning')
    .action(async (flags) => (await import('./commands/cluster.ts')).describeCluster(flags))
  return examples(command, [['sluice cluster --configs', '']])
}

function healthCommand(): Command {
  const command = new Command('health')
    .description('Ask a broker whether it is ready; exit code 0 when it is.')
    .option('--http <host:port>', 'its HTTP address', hostPort, '127.0.0.1:9095')
    .action(async (flags) => (await import('./commands/health.ts')).health(flags))
  return examples(command, [['sluice health --http 127.0.0.1:19095', '']])
}

function completionCommand(program: Command): Command {
  const command = new Command('completion')
    .description('Print a completion script for a shell.')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh']))
    .action((shell: 'bash' | 'zsh') => {
      void write(shell === 'bash' ? bashCompletion(program) : zshCompletion(program))
    })
  return examples(command, [
    ['source <(sluice completion bash)', 'in ~/.bashrc'],
    ['source <(sluice completion zsh)', 'in ~/.zshrc'],
  ])
}
