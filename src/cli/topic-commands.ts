// `sluice topic …`: names, flags, help, examples.

import { Command } from 'commander'
import { connected, examples } from './command.ts'
import { integer, topicConfig, words } from './flag-values.ts'

export function topicCommand(): Command {
  const topic = new Command('topic').description('Create, list, describe, alter, delete topics.')

  const create = connected(new Command('create'))
    .description('Create a topic.')
    .argument('<name>', 'letters, digits, ".", "_" and "-"')
    .option('-p, --partitions <count>', 'default: the broker’s num.partitions', integer(1))
    .option(
      '--replication-factor <count>',
      'default: the broker’s default.replication.factor',
      integer(1),
    )
    .option('-c, --config <name=value>', 'as in retention.ms=7d; may be repeated', topicConfig)
    .option('--if-not-exists', 'no error when the topic exists already')
    .option('--dry-run', 'check all, create nothing')
    .action(async (name, flags) => (await import('./commands/topic.ts')).createTopic(name, flags))
  topic.addCommand(
    examples(create, [
      ['sluice topic create clicks --partitions 6', ''],
      ['sluice topic create logs -c retention.ms=7d -c segment.bytes=256MiB', ''],
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
    .option('-c, --config <name=value>', 'set, as in retention.ms=7d; may be repeated', topicConfig)
    .option('--unset <name>', 'back to the broker’s default; may be repeated', words)
    .option('-p, --partitions <count>', 'how many the topic shall have', integer(1))
    .option('--delete-before <offset>', 'delete the records below this offset', integer(0))
    .option('--partition <number>', 'of which --delete-before speaks (default: 0)', integer(0))
    .option('--dry-run', 'check all, change nothing')
    .action(async (name, flags) => (await import('./commands/topic.ts')).alterTopic(name, flags))
  topic.addCommand(
    examples(alter, [
      ['sluice topic alter clicks -c retention.ms=1h', ''],
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
  return examples(topic, [
    ['sluice topic create clicks --partitions 6', ''],
    ['sluice topic list', ''],
    ['sluice topic describe clicks --configs', 'its partitions, and all that is configured'],
  ])
}
