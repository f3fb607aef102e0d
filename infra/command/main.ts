/** pg-failover-drill: one command for drills on this machine and in a deployed app. `--help` explains all of it. */
import { screen } from '../../loadgen-image/output/screen.ts'
import { execute } from '../azure/release/az.ts'
import { parseDrillOptions } from '../local/cli/drill-body.ts'
import { EXIT_CODES } from '../local/cli/drill-result.ts'
import { Left } from '../local/cli/follow.ts'
import { NoAnswer, Refused } from '../local/http/call.ts'
import { type CommandLine, type Given, parseCommandLine } from '../local/process/command-line.ts'
import { type Lifetime, runCommand } from '../local/process/lifetime.ts'
import { CannotRun, printable, wordsOf } from '../local/process/problem.ts'
import { realOutside } from './access.ts'
import {
  ABORT_COMMAND,
  COMPLETION_COMMAND,
  CONTAINERS_COMMAND,
  type CommandName,
  chosenCommand,
  DOWNLOAD_COMMAND,
  help,
  idIn,
  LIST_COMMAND,
  shellIn,
  WATCH_COMMAND,
} from './commands.ts'
import { completion } from './completion.ts'
import { drillInApp, watchInApp } from './in-app.ts'
import { abort, containers, download, list } from './lists.ts'

const EXIT_CANNOT_RUN = 2
const CAMPAIGN_DRILLS = 3
const outside = realOutside(execute)

const showHelp = (): number => {
  screen.show(help().trimEnd())
  return 0
}

/** Shows the help, or runs with what is given. */
function withGiven<Line extends CommandLine>(
  line: Line,
  args: readonly string[],
  run: (given: Given<Line>) => Promise<number>,
): Promise<number> {
  const given = parseCommandLine(line, args)
  return given === 'help' ? Promise.resolve(showHelp()) : run(given as Given<Line>)
}

async function drill(args: readonly string[], drills: number, lifetime: Lifetime): Promise<number> {
  const options = parseDrillOptions(args, drills)
  if (options === 'help') return showHelp()
  if (options.app !== null) return drillInApp(options, outside, lifetime)
  // With the whole stack: what runs in an app does not load it.
  const { drillHere } = await import('../local/drill.ts')
  return drillHere(options, lifetime)
}

const RUN: Readonly<Record<CommandName, (args: readonly string[], lifetime: Lifetime) => Promise<number>>> = {
  drill: (args, lifetime) => drill(args, 1, lifetime),
  campaign: (args, lifetime) => drill(args, CAMPAIGN_DRILLS, lifetime),
  list: (args) => withGiven(LIST_COMMAND, args, ({ options }) => list(options, outside)),
  watch: (args, lifetime) =>
    withGiven(WATCH_COMMAND, args, ({ operands, options }) =>
      watchInApp(idIn(WATCH_COMMAND, operands), options, outside, lifetime),
    ),
  download: (args) =>
    withGiven(DOWNLOAD_COMMAND, args, ({ operands, options }) =>
      download(idIn(DOWNLOAD_COMMAND, operands), options, outside),
    ),
  abort: (args) =>
    withGiven(ABORT_COMMAND, args, ({ operands, options }) => abort(idIn(ABORT_COMMAND, operands), options, outside)),
  containers: (args) => withGiven(CONTAINERS_COMMAND, args, ({ options }) => containers(options, outside)),
  completion: (args) =>
    withGiven(COMPLETION_COMMAND, args, async ({ operands }) => {
      process.stdout.write(completion(shellIn(operands)))
      return 0
    }),
}

/** What these started ends in order; the others have nothing to end. */
const IN_ORDER: readonly CommandName[] = ['drill', 'campaign', 'watch']
const EXIT_INTERRUPTED = 130

const endAtOnce = ({ signal }: Lifetime): void =>
  signal.addEventListener('abort', () => process.exit(EXIT_INTERRUPTED), { once: true })

await runCommand(async (lifetime) => {
  try {
    const choice = chosenCommand(process.argv.slice(2))
    if (choice !== 'help' && !IN_ORDER.includes(choice.name)) endAtOnce(lifetime)
    return choice === 'help' ? showHelp() : await RUN[choice.name](choice.rest, lifetime)
  } catch (error) {
    if (error instanceof CannotRun || error instanceof NoAnswer || error instanceof Refused)
      console.error(wordsOf(error))
    else if (lifetime.signal.aborted)
      console.error('Interrupted before the load: there is no report, and no process is left.')
    else console.error(printable(error))
    return lifetime.signal.aborted && !(error instanceof Left) ? EXIT_CODES.ABORTED : EXIT_CANNOT_RUN
  }
})
