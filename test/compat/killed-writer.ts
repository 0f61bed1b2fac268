// A process that writes a log and kills itself, with batches written and none of them synced.
//
//   node test/compat/killed-writer.ts <directory>

import { KILLED, KILLED_AFTER, write } from './dump-scenarios.ts'
import { openLog } from './logs.ts'

const { log } = await openLog(process.argv[2]!, 'killed', KILLED)
write(log, 0, KILLED_AFTER)
process.kill(process.pid, 'SIGKILL')
