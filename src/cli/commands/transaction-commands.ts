// `sluice transaction …`: names, flags, help, examples.

import { Command, Option } from 'commander'
import { connected, examples } from '../command.ts'
import { integer, integers, timeSpan } from '../flag-values.ts'

const STATES = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'PrepareEpochFence',
  'Dead',
]

export function transactionCommand(): Command {
  const transaction = new Command('transaction').description(
    'List, describe and abort transactions.',
  )
  transaction.addCommand(listCommand())
  transaction.addCommand(describeCommand())
  transaction.addCommand(findHangingCommand())
  transaction.addCommand(abortCommand())
  return examples(transaction, [
    ['sluice transaction list --state Ongoing', ''],
    ['sluice transaction describe payments', 'since when it is open, and what it writes to'],
    ['sluice transaction find-hanging', 'what keeps readers of committed records waiting'],
    ['sluice transaction abort payments', ''],
  ])
}

function listCommand(): Command {
  const list = connected(new Command('list'))
    .alias('ls')
    .description('List transactional ids and the state of their transactions.')
    .addOption(new Option('--state <state>', 'only those in this state').choices(STATES))
    .option('--producer-id <id>', 'only those of this producer; may be repeated', integers(0))
    .option('--open-for <duration>', 'only those that are open for longer, as in 5m', timeSpan)
    .option('--pattern <regex>', 'only ids that this matches as a whole (RE2)')
    .action(async (flags) => {
      await (await import('./transaction.ts')).listTransactions(flags)
    })
  return examples(list, [
    ['sluice transaction list', ''],
    ['sluice transaction list --state Ongoing --open-for 5m', ''],
    ["sluice transaction list --pattern 'payments-.*' --json", ''],
  ])
}

function describeCommand(): Command {
  const describe = connected(new Command('describe'))
    .description('Show a transaction: its producer, since when it is open, what it writes to.')
    .argument('<id>', 'a transactional id')
    .action(async (id, flags) => {
      await (await import('./transaction.ts')).describeTransaction(id, flags)
    })
  return examples(describe, [['sluice transaction describe payments', '']])
}

function findHangingCommand(): Command {
  const find = connected(new Command('find-hanging'))
    .description('Find transactions that are open in a partition and that nobody will end.')
    .option('-t, --topic <topic>', 'only in this topic')
    .option('-p, --partition <partition>', 'only in this partition of the topic', integer(0))
    .option(
      '--open-for <duration>',
      'only those that are open for longer (default: transaction.max.timeout.ms, 15m)',
      timeSpan,
    )
    .addHelpText(
      'after',
      `
Readers of committed records wait before such a transaction for ever. What a coordinator knows of does not
hang: it ends it in time.`,
    )
    .action(async (flags) => (await import('./transaction.ts')).findHanging(flags))
  return examples(find, [
    ['sluice transaction find-hanging', ''],
    ['sluice transaction find-hanging --topic clicks --open-for 1m', ''],
  ])
}

function abortCommand(): Command {
  const abort = connected(new Command('abort'))
    .description('Abort a transaction: by its transactional id, or one that hangs, by its place.')
    .argument('[id]', 'a transactional id; its producer is refused from then on')
    .option('-t, --topic <topic>', 'one that hangs in this topic')
    .option('-p, --partition <partition>', 'the partition', integer(0))
    .option('--start-offset <offset>', 'offset of its first record there', integer(0))
    .option('-y, --yes', 'do not ask')
    .action(async (id, flags) => {
      await (await import('./transaction.ts')).abortTransaction(id, flags)
    })
  return examples(abort, [
    ['sluice transaction abort payments', ''],
    ['sluice transaction abort --topic clicks --partition 3 --start-offset 1200 --yes', ''],
  ])
}
