/** Every command of `pg-failover-drill`: its options, its operands, and the one page that explains all of them. */
import * as z from 'zod'
import { SERVER_NAME } from '../../functions/platform/names.ts'
import { whole } from '../../loadgen-image/contract/fields.ts'
import { isDrillId } from '../../loadgen-image/contract/load-plan.ts'
import { APP_OPTIONS, DRILL_COMMAND, OUT_OPTION, PROGRAM } from '../local/cli/drill-options.ts'
import { type CommandLine, helpOf, plainNumber, requireNone } from '../local/process/command-line.ts'
import { CannotRun } from '../local/process/problem.ts'

const OF_LISTS = 'Of list, containers and abort'

const json = { heading: OF_LISTS, flag: 'json', help: 'list and containers: the answer of the API as JSON' } as const

export const LIST_COMMAND = {
  command: `${PROGRAM} list`,
  about: 'Lists drills, newest first.',
  options: {
    limit: {
      heading: OF_LISTS,
      flag: 'limit',
      value: 'N',
      default: '20',
      schema: z.preprocess(plainNumber, whole(1, 100)),
      help: 'list: how many drills',
    },
    server: {
      heading: OF_LISTS,
      flag: 'server',
      value: 'NAME',
      schema: z.string().refine((name) => SERVER_NAME.problemOf(name) === null, { error: SERVER_NAME.expected }),
      help: 'list: drills of this server alone',
    },
    json,
    ...APP_OPTIONS,
  },
} as const

export const WATCH_COMMAND = {
  command: `${PROGRAM} watch`,
  about: 'Follows a drill or a campaign to its end, as the command that started it does.',
  operands: 'ID',
  options: { ...OUT_OPTION, ...APP_OPTIONS },
} as const

export const DOWNLOAD_COMMAND = {
  command: `${PROGRAM} download`,
  about: 'Fetches the files of a drill that has ended.',
  operands: 'ID',
  options: { ...OUT_OPTION, ...APP_OPTIONS },
} as const

export const ABORT_COMMAND = {
  command: `${PROGRAM} abort`,
  about: 'Aborts a drill or a campaign, which still reports.',
  operands: 'ID',
  options: {
    reason: {
      heading: OF_LISTS,
      flag: 'reason',
      value: 'TEXT',
      schema: z.string().min(1).max(200, { error: 'a text of at most 200 characters' }),
      help: 'abort: goes into the report',
    },
    ...APP_OPTIONS,
  },
} as const

export const CONTAINERS_COMMAND = {
  command: `${PROGRAM} containers`,
  about: 'Lists the load generators that exist now, and what they have cost so far.',
  options: {
    delete: {
      heading: OF_LISTS,
      flag: 'delete',
      value: 'ID',
      schema: z.string().refine(isDrillId, { error: 'the id of a drill' }),
      help: 'containers: deletes those that this drill left behind',
    },
    json,
    ...APP_OPTIONS,
  },
} as const

const SHELLS = ['bash', 'zsh'] as const
export type Shell = (typeof SHELLS)[number]

export const COMPLETION_COMMAND = {
  command: `${PROGRAM} completion`,
  about: 'Prints a script with which a shell completes commands and options.',
  operands: SHELLS.join('|'),
  options: {},
} as const

/** In the order of the help. */
export const COMMANDS = {
  drill: { line: DRILL_COMMAND, about: 'runs a drill, on this machine or with --app in a deployed app' },
  campaign: { line: DRILL_COMMAND, about: 'runs several drills of one request, and reports their distribution' },
  list: { line: LIST_COMMAND, about: 'drills, newest first' },
  watch: { line: WATCH_COMMAND, about: 'ID: attaches to a drill or a campaign again' },
  download: { line: DOWNLOAD_COMMAND, about: 'ID: the files of a drill' },
  abort: { line: ABORT_COMMAND, about: 'ID: ends a drill or a campaign, which still reports' },
  containers: {
    line: CONTAINERS_COMMAND,
    about: 'load generators that exist, their cost, and with --delete ID their end',
  },
  completion: { line: COMPLETION_COMMAND, about: `${SHELLS.join(' or ')}: a script for the shell` },
} as const satisfies Readonly<Record<string, { readonly line: CommandLine; readonly about: string }>>

export type CommandName = keyof typeof COMMANDS

const isCommand = (word: string): word is CommandName => Object.hasOwn(COMMANDS, word)

const ALL_OPTIONS: CommandLine['options'] = Object.assign(
  {},
  ...Object.values(COMMANDS).map(({ line }) => line.options as CommandLine['options']),
)

/** The page of every command. */
export const help = (): string =>
  helpOf({
    command: PROGRAM,
    operands: '[COMMAND]',
    about: `Failover drills under load for PostgreSQL, on this machine and in a deployed app. Commands:
${Object.entries(COMMANDS)
  .map(([name, { about }]) => `  ${name.padEnd(12)}${about}`)
  .join('\n')}`,
    options: ALL_OPTIONS,
    closing: `Exit code: 0 PASS, 1 FAIL, 2 could not run or did not start, 3 INCONCLUSIVE or ABORTED. Of the other commands: 0 done, 2 could not run.
Ctrl-C aborts the drill or the campaign, which still reports. A second Ctrl-C (exit code 130) ends everything at once on this
machine; a drill in an app goes on ending there, and the command says how to attach again. While a drill in an app has its report
and waits for late metrics, Ctrl-C leaves with that report, and the exit code is that of its verdict.`,
  })

/** Where the command's word stands among the arguments, which may follow options; -1: there is none. */
export function placeOfCommand(args: readonly string[]): number {
  const takesValue = new Set(
    Object.values(ALL_OPTIONS).flatMap(({ flag, value }) => (value === undefined ? [] : [`--${flag}`])),
  )
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string
    if (!arg.startsWith('-')) return i
    if (takesValue.has(arg)) i += 1
  }
  return -1
}

/** `npm run drill -- list` comes as "drill list": the word drill may stand before another command. */
export function chosenCommand(
  args: readonly string[],
): { readonly name: CommandName; readonly rest: readonly string[] } | 'help' {
  const place = placeOfCommand(args)
  const word = args[place] ?? ''
  if (!isCommand(word)) {
    if (place === -1 && (args.length === 0 || args.includes('--help'))) return 'help'
    throw new CannotRun('Expected a command, such as drill or list. Nothing was started. --help lists them')
  }
  const rest = args.filter((_, i) => i !== place)
  const inner = word === 'drill' ? placeOfCommand(rest) : -1
  const other = rest[inner] ?? ''
  return isCommand(other) ? { name: other, rest: rest.filter((_, i) => i !== inner) } : { name: word, rest }
}

/** The one id that a command takes. */
export function idIn(line: CommandLine, operands: readonly string[]): string {
  const [id = '', ...more] = operands
  requireNone(line, more.length > 0 || !isDrillId(id) ? ['expected one id of a drill or of a campaign'] : [])
  return id
}

export function shellIn(operands: readonly string[]): Shell {
  const shell = SHELLS.find((one) => one === operands[0])
  requireNone(COMPLETION_COMMAND, shell === undefined || operands.length > 1 ? [`expected ${SHELLS.join(' or ')}`] : [])
  return shell as Shell
}
