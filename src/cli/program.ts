// The tree of commands: names, flags, help, examples. What a command does stands in commands/, and is
// loaded only when it runs.

import { Command, Option } from 'commander'
import { bashCompletion, zshCompletion } from './completion.ts'
import { integer, keyValue, sizeBytes } from './flag-values.ts'
import { tell, write } from './terminal.ts'

/** @param version shown by `--version` */
export function createProgram(version: string): Command {
  const program = new Command('sluice')
    .description('Event streaming: durable, partitioned logs over gRPC.')
    .version(version)
    .showHelpAfterError('(--help tells what is allowed)')
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
  program.addCommand(startCommand())
  program.addCommand(topicCommand())
  program.addCommand(produceCommand())
  program.addCommand(consumeCommand())
  program.addCommand(benchCommand())
  program.addCommand(clusterCommand())
  program.addCommand(healthCommand())
  program.addCommand(completionCommand(program))
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
    .option('--kafka <host:port>', 'address of the Kafka listener (comes with the next release)')
    .option('--config <file>', 'options from sluice.yaml or Kafka’s .properties')
    .option('--set <name=value>', 'any option by its name, as in log.retention.ms=60000', keyValue)
    .option('--log-level <level>', 'debug, info, warn or error (default: info)')
    .option('--allow-insecure-listeners', 'allow addresses that other machines reach')
    .option('--json', 'tell that it is ready as a line of JSON')
    .addHelpText(
      'after',
      `
Every option may also stand in a file or in the environment; flags win, then the environment, then the
file. retention.ms of all topics, say: --set log.retention.ms=60000, or SLUICE_LOG_RETENTION_MS=60000,
or in sluice.yaml: "log.retention.ms: 60000".`,
    )
    .action(async (flags) => (await import('./commands/start.ts')).start(flags))
  return examples(command, [
    ['sluice start', 'data in ./sluice-data'],
    ['sluice start --data-dir /var/lib/sluice --grpc 127.0.0.1:19094', ''],
    ['sluice start --config sluice.yaml', ''],
  ])
}

function topicCommand(): Command {
  const topic = new Command('topic').description('Create, list, describe, alter, delete topics.')

  const create = connected(new Command('create'))
    .description('Create a topic.')
    .argument('<name>', 'letters, digits, ".", "_" and "-"')
    .option('-p, --partitions <count>', 'default: the broker’s num.partitions', integer(1))
    .option('--replication-factor <count>', 'default: the broker’s', integer(1))
    .option('-c, --config <name=value>', 'as in retention.ms=60000; may be repeated', keyValue)
    .option('--if-not-exists', 'no error when the topic exists already')
    .option('--dry-run', 'check all, create nothing')
    .action(async (name, flags) => (await import('./commands/topic.ts')).createTopic(name, flags))
  topic.addCommand(
    examples(create, [
      ['sluice topic create clicks --partitions 6', ''],
      ['sluice topic create logs -c retention.ms=86400000 -c flush.policy=os', ''],
    ]),
  )

  const list = connected(new Command('list'))
    .alias('ls')
    .description('List topics.')
    .option('--internal', 'also those that the broker made for its own use')
    .action(async (flags) => (await import('./commands/topic.ts')).listTopics(flags))
  topic.addCommand(examples(list, [['sluice topic list --json', '']]))

  const describe = connected(new Command('describe'))
    .description('Show a topic’s partitions, and what is configured.')
    .argument('<name>', 'a topic')
    .option('--configs', 'every configuration, with its source and meaning')
    .action(async (name, flags) => (await import('./commands/topic.ts')).describeTopic(name, flags))
  topic.addCommand(
    examples(describe, [
      ['sluice topic describe clicks', ''],
      ['sluice topic describe clicks --configs', ''],
    ]),
  )

  const alter = connected(new Command('alter'))
    .description('Change a topic’s configuration, add partitions, or delete old records.')
    .argument('<name>', 'a topic')
    .option('-c, --config <name=value>', 'set; may be repeated', keyValue)
    .option('--unset <name>', 'back to the broker’s default; may be repeated', repeated)
    .option('-p, --partitions <count>', 'how many the topic shall have', integer(1))
    .option('--delete-before <offset>', 'delete the records below this offset', integer(0))
    .option(
      '--partition <number>',
      'of which partition --delete-before is (default: 0)',
      integer(0),
    )
    .option('--dry-run', 'check all, change nothing')
    .action(async (name, flags) => (await import('./commands/topic.ts')).alterTopic(name, flags))
  topic.addCommand(
    examples(alter, [
      ['sluice topic alter clicks -c retention.ms=3600000', ''],
      ['sluice topic alter clicks --unset retention.ms --partitions 12', ''],
      ['sluice topic alter clicks --partition 2 --delete-before 1000', ''],
    ]),
  )

  const remove = connected(new Command('delete'))
    .description('Delete a topic with all its records.')
    .argument('<name>', 'a topic')
    .option('--if-exists', 'no error when there is no such topic')
    .option('-y, --yes', 'do not ask')
    .action(async (name, flags) => (await import('./commands/topic.ts')).deleteTopic(name, flags))
  topic.addCommand(examples(remove, [['sluice topic delete clicks --yes', '']]))
  return topic
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
    .option('-H, --header <name=value>', 'a header of every record; may be repeated', keyValue)
    .option('-p, --partition <number>', 'default: by the key', integer(0))
    .addOption(
      new Option('-z, --compression <codec>', 'of batches')
        .choices(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
        .default('none'),
    )
    .addOption(
      new Option('--acks <acks>', 'all: on disk; 1: written; 0: no answer')
        .choices(['all', '1', '0'])
        .default('all'),
    )
    .option('--linger-ms <ms>', 'how long a batch waits for more', integer(0))
    .option('--batch-bytes <size>', 'size of a full batch, as in 256KiB', sizeBytes)
    .option('-q, --quiet', 'no progress')
    .addHelpText(
      'after',
      `
With --format json a line is {"key": …, "value": …, "headers": {…}, "timestamp": …, "partition": …}, all
but value optional. Strings are taken as text; other values are written as JSON; null is null.`,
    )
    .action(async (topic, flags) => (await import('./commands/produce.ts')).produce(topic, flags))
  return examples(command, [
    ['sluice produce logs --file /var/log/dpkg.log', ''],
    ["echo 'user-7:signed in' | sluice produce clicks --key-separator :", ''],
    ['sluice produce clicks --format json --compression zstd < events.jsonl', ''],
  ])
}

function consumeCommand(): Command {
  const command = connected(new Command('consume'))
    .description('Read records from a topic to standard output.')
    .argument('<topic>', 'a topic')
    .option('-b, --from-beginning', 'the same as --from beginning')
    .option(
      '--from <position>',
      'beginning, end, an offset, or a time as in 2026-01-31T12:00Z or 1h',
    )
    .option('-p, --partition <number>', 'only this one; may be repeated', repeatedInteger)
    .option('-n, --count <records>', 'end after this many', integer(1))
    .option('--no-follow', 'end when all that is there now was read')
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
It begins at the end unless told otherwise, and goes on until Ctrl-C, --count or --no-follow.`,
    )
    .action(async (topic, flags) => (await import('./commands/consume.ts')).consume(topic, flags))
  return examples(command, [
    ['sluice consume clicks --from-beginning', ''],
    ['sluice consume clicks --from 15m --json', 'what came in the last 15 minutes, and goes on'],
    ['sluice consume clicks --from 1200 --partition 3 --count 10', ''],
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
    .addOption(new Option('--acks <acks>', '').choices(['all', '1', '0']).default('all'))
    .addOption(
      new Option('-z, --compression <codec>', 'of batches')
        .choices(['none', 'gzip', 'snappy', 'lz4', 'zstd'])
        .default('none'),
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
    .option('--http <host:port>', 'its HTTP address', '127.0.0.1:9095')
    .action(async (flags) => (await import('./commands/health.ts')).health(flags))
  return examples(command, [['sluice health --http 127.0.0.1:19095', '']])
}

function completionCommand(program: Command): Command {
  const command = new Command('completion')
    .description('Print a completion script for a shell.')
    .argument('<shell>', 'bash or zsh')
    .action((shell: string) => {
      if (shell === 'bash') return void write(bashCompletion(program))
      if (shell === 'zsh') return void write(zshCompletion(program))
      tell(`sluice: no completion for ${shell}; there is one for bash and one for zsh`)
      process.exitCode = 2
    })
  return examples(command, [
    ['source <(sluice completion bash)', 'in ~/.bashrc'],
    ['source <(sluice completion zsh)', 'in ~/.zshrc'],
  ])
}

/** Flags of every command that speaks to a broker. */
function connected(command: Command): Command {
  return command
    .addOption(
      new Option('--bootstrap <host:port>', 'a broker’s gRPC address; several with commas')
        .env('SLUICE_BOOTSTRAP')
        .default('127.0.0.1:9094'),
    )
    .addOption(new Option('--json', 'print JSON'))
}

function examples(command: Command, lines: readonly (readonly [string, string])[]): Command {
  const width = Math.max(...lines.map(([line]) => line.length))
  const text = lines.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`.trimEnd())
  return command.addHelpText('after', `\nExamples:\n${text.join('\n')}`)
}

function repeated(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value]
}

function repeatedInteger(value: string, previous: readonly number[] = []): number[] {
  return [...previous, integer(0)(value)]
}
