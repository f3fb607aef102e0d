/**
 * Deploys to Azure, releases and removes: `npm run release -- --help` lists the steps. It needs the Azure CLI, signed in, and Node, on
 * Linux, macOS or Windows.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { helpOf } from '../../local/process/command-line.ts'
import { CannotRun, printable } from '../../local/process/problem.ts'
import { DEFAULT_OUT, packageApp } from '../package.ts'
import { execute } from './az.ts'
import { parseRelease, RELEASE_COMMAND } from './options.ts'
import { runRelease } from './run.ts'

const EXIT_CANNOT_RUN = 2

try {
  const command = parseRelease(process.argv.slice(2))
  if (command === 'help') process.stdout.write(helpOf(RELEASE_COMMAND))
  else
    process.exitCode = await runRelease(command, {
      environment: process.env,
      pause,
      execute,
      say: (text) => console.log(`release: ${text}`),
      packaged: async () => (await packageApp(DEFAULT_OUT)).zip,
    })
} catch (error) {
  console.error(error instanceof CannotRun ? `release: ${printable(error)}` : printable(error))
  process.exitCode = EXIT_CANNOT_RUN
}
