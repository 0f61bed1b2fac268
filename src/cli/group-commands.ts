// `sluice group …`: names, flags, help, examples.

import { Command, Option } from 'commander'
import { connected, examples } from './command.ts'
import {
  dateTime,
  integer,
  refreshInterval,
  signedInteger,
  timeSpan,
  topicPartitions,
} from './flag-values.ts'

const STATES = [
  'Empty',
  'PreparingRebalance',
  'CompletingRebalance',
  'Stable',
  'Assigning',
  'Reconciling',
]

export function groupCommand(): Command {
  const group = new Command('group').description(
    'List, describe, reset and delete consumer groups.',
  )
  group.addCommand(listCommand())
  group.addCommand(describeCommand())
  group.addCommand(resetCommand())
  group.addCommand(deleteCommand())
  return examples(group, [
    ['sluice group list', ''],
    ['sluice group describe reports --watch', 'who reads what, and how far behind'],
    ['sluice group reset reports --to-earliest --execute', 'read everything again'],
  ])
}

function listCommand(): Command {
  const list = connected(new Command('list'))
    .alias('ls')
    .description('List consumer groups.')
    .addOption(new Option('--state <state>', 'only those in this state').choices(STATES))
    .addOption(
      new Option('--type <type>', 'classic: clients assign; consumer: the broker does').choices([
        'classic',
        'consumer',
      ]),
    )
    .action(async (flags) => (await import('./commands/group.ts')).listGroups(flags))
  return examples(list, [['sluice group list --state Stable', '']])
}

function describeCommand(): Command {
  const describe = connected(new Command('describe'))
    .description('Show a group’s members, what each reads, and how far the group lags behind.')
    .argument('<group>', 'a group')
    .option('-w, --watch', 'show it again and again, in place on a terminal, until Ctrl-C')
    .option(
      '--interval <duration>',
      'how often --watch does so, as in 500ms (default: 1s)',
      refreshInterval,
    )
    .action(async (id, flags) => (await import('./commands/group.ts')).describeGroup(id, flags))
  return examples(describe, [
    ['sluice group describe reports', ''],
    ['sluice group describe reports --watch --interval 500ms', ''],
    ['sluice group describe reports --json | jq .totalLag', ''],
  ])
}

function resetCommand(): Command {
  const reset = connected(new Command('reset'))
    .description('Move a group’s committed offsets. It shows what would be; --execute does it.')
    .argument('<group>', 'a group that has no members')
    .option('--to-earliest', 'to the first record')
    .option('--to-latest', 'behind the last record')
    .option('--to-offset <offset>', 'to an offset', integer(0))
    .option('--to-datetime <time>', 'to the first record since, as in 2026-01-31T12:00Z', dateTime)
    .option(
      '--by-duration <duration>',
      'to the first record of the last so long, as in 15m, 7d or PT15M',
      timeSpan,
    )
    .option('--shift-by <records>', 'so many on, or back as in -10', signedInteger)
    .option(
      '-t, --topic <topic[:partitions]>',
      'only these, as in clicks or clicks:0,2; may be repeated',
      topicPartitions,
    )
    .option('--execute', 'do it')
    .addHelpText(
      'after',
      `
Without --topic it moves all offsets that the group has committed; with it also those of partitions
for which there is none yet. Outside of a partition's records it goes to the nearer end of them.`,
    )
    .action(async (id, flags) => (await import('./commands/group-reset.ts')).resetGroup(id, flags))
  return examples(reset, [
    ['sluice group reset reports --to-earliest', 'what would be'],
    ['sluice group reset reports --to-earliest --execute', ''],
    ['sluice group reset reports --by-duration 1h --topic clicks --execute', ''],
    ['sluice group reset reports --shift-by -10 --topic clicks:0,2', ''],
  ])
}

function deleteCommand(): Command {
  const remove = connected(new Command('delete'))
    .description('Delete groups that have no members, with their committed offsets.')
    .argument('<group...>', 'groups')
    .option(
      '-t, --topic <topic[:partitions]>',
      'delete no group, only its offsets there; may be repeated',
      topicPartitions,
    )
    .option('--if-exists', 'no error when there is no such group')
    .option('-y, --yes', 'do not ask')
    .action(async (ids, flags) => (await import('./commands/group.ts')).deleteGroups(ids, flags))
  return examples(remove, [
    ['sluice group delete reports --yes', ''],
    ['sluice group delete reports --topic clicks', 'what it has committed there'],
  ])
}
