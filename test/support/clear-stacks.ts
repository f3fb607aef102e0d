/** A program for tests: it clears the dead stacks below a folder, as the start of a stack does, and says what it did from which scope. */
import { processScope } from '../../infra/local/process/process-table.ts'
import { clearDeadStacks } from '../../infra/local/process/stack-folder.ts'

console.log(JSON.stringify({ scope: processScope(), said: clearDeadStacks(process.argv[2]) }))
