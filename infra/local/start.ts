/** npm start: keeps the local stack up, with the API and the dashboard, until Ctrl-C. */
import * as z from 'zod'
import { SIZE_CHECKS } from '../../functions/checklist/before.ts'
import { problemOfSchedule, SCHEDULE_FORM } from '../../functions/platform/ncrontab.ts'
import { presetsOf } from '../../functions/request/presets.ts'
import { whole } from '../../loadgen-image/contract/fields.ts'
import { problemsOfRequest } from './cli/drill-body.ts'
import { bodyIn, DRILL_COMMAND } from './cli/drill-options.ts'
import { type Body, merged } from './cli/request-options.ts'
import { requirePrograms } from './install.ts'
import { helpOf, type OptionsOf, parseCommandLine, plainNumber, requireNone } from './process/command-line.ts'
import { type Lifetime, runCommand } from './process/lifetime.ts'
import { printable } from './process/problem.ts'
import type { LocalTarget } from './stack/local-servers.ts'
import { type Stack, startStack } from './stack/stack.ts'

/** Each is four processes of PostgreSQL and PgBouncer, and some hundred MB of memory. */
const MAX_SERVERS = 4

const COMMAND = {
  command: 'npm start --',
  about: 'Keeps the local stack up: PostgreSQL pair, PgBouncer, storage, Azure endpoint and Functions host.',
  options: {
    port: {
      flag: 'port',
      value: 'PORT',
      default: '7071',
      schema: z.preprocess(plainNumber, whole(0, 65_535)),
      help: 'of the API and the dashboard on 127.0.0.1; 0: a free one',
    },
    servers: {
      flag: 'servers',
      value: 'N',
      default: '1',
      schema: z.preprocess(plainNumber, whole(1, MAX_SERVERS)),
      help: `flexible servers, each with its own daily drill; at most ${MAX_SERVERS}`,
    },
    schedules: {
      flag: 'schedule',
      value: 'NCRONTAB',
      isRepeatable: true,
      schema: z.array(z.string().refine((text) => problemOfSchedule(text) === null, { error: SCHEDULE_FORM })),
      help: 'of the daily drill of the first server, of the second, and so on; repeatable (default, with --servers: 02:00 UTC, 03:00 and so on)',
    },
    requests: {
      flag: 'request',
      value: 'FILE',
      isRepeatable: true,
      schema: z.array(bodyIn),
      help: 'JSON of the daily drill of the first server, of the second, and so on: its fields replace those of the request that the dashboard begins with; repeatable',
    },
    replication: DRILL_COMMAND.options.replication,
    replica: DRILL_COMMAND.options.replica,
    scaling: DRILL_COMMAND.options.scaling,
    keep: DRILL_COMMAND.options.keep,
  },
} as const

async function stayUp(options: OptionsOf<typeof COMMAND>, lifetime: Lifetime): Promise<number> {
  const say = (line: string) => console.log(line)
  const programs = requirePrograms({ forTests: false, say })
  const { port, servers, schedules, requests, replication, replica, scaling, keep } = options
  requireNone(COMMAND, problemsOf(options))
  const apiPort = port === 0 ? null : port
  say('Starting the local stack ...')
  const stack = await startStack(
    {
      programs,
      replication,
      replica: replica ? { holdBackMs: 0, hasPgBouncer: true } : null,
      scalingPath: scaling === 'in-place' ? 'in place' : 'switch',
      host: 'local',
      apiPort,
      platformPauseMs: 2_000,
      weather: null,
      app: null,
      loadgen: null,
      keep,
      ...((servers > 1 || schedules.length + requests.length > 0) && {
        targets: targetsOf(servers, schedules, requests),
      }),
      say,
    },
    lifetime,
  )
  try {
    for (const line of welcome(stack)) say(line)
    await Promise.race([untilAborted(lifetime.signal), stack.broken])
    return 0
  } finally {
    say('Stopping ...')
    await stack.stop()
  }
}

/** More values than servers, and requests that the app would refuse at every firing. */
function problemsOf({ servers, schedules, requests }: OptionsOf<typeof COMMAND>): string[] {
  const given = { schedule: schedules.length, request: requests.length }
  const tooMany = Object.entries(given).filter(([, times]) => times > servers)
  return [
    ...tooMany.map(([flag, times]) => `--${flag} is given ${times} times, and the number of servers is ${servers}`),
    ...requests.flatMap((request, i) =>
      problemsOfRequest(dailyRequest(request)).map(
        ({ field, problem, expected }) => `--request, number ${i + 1}, ${field}: ${problem}; expected ${expected}`,
      ),
    ),
  ]
}

function targetsOf(servers: number, schedules: readonly string[], requests: readonly Body[]): LocalTarget[] {
  return Array.from({ length: servers }, (_, i) => ({
    schedule: schedules[i] ?? `0 0 ${2 + i} * * *`,
    dailyRequest: dailyRequest(requests[i] ?? {}),
  }))
}

const serverLines = ({ servers }: Stack): string[] =>
  servers.length === 1 ? [] : servers.map(({ place }, i) => `${i === 0 ? 'Servers   ' : '          '} ${place.server}`)

const welcome = (stack: Stack): string[] => [
  '',
  ...openingLines(stack),
  ...serverLines(stack),
  '',
  `Start a drill:`,
  `  curl -X POST ${stack.apiUrl}/drills -H 'x-functions-key: ${stack.functionKey}' -H 'content-type: application/json' -d '${exampleFor(stack)}'`,
  '',
  'Ctrl-C stops everything.',
]

const openingLines = ({ apiUrl, functionKey, folder }: Stack): string[] => [
  `Open       ${apiUrl}/dashboard#key=${encodeURIComponent(functionKey)}&to=/start`,
  '           It logs this browser tab in and fills the form: press "Start the drill".',
  '',
  `Dashboard  ${apiUrl}/dashboard`,
  `API        ${apiUrl}/drills`,
  `Key        ${functionKey}   paste it when the dashboard asks; header x-functions-key for the API`,
  `Folder     ${folder}`,
]

/** What the form begins with. */
const DAILY = { ...presetsOf('local')[0]?.request, force: SIZE_CHECKS }

const dailyRequest = (given: Body): Body => merged(DAILY, given)

const exampleFor = ({ servers: [first, ...more] }: Stack): string =>
  JSON.stringify({ ...(more.length > 0 && { target: first?.place.server }), ...DAILY })

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

await runCommand(async (lifetime) => {
  try {
    const given = parseCommandLine(COMMAND, process.argv.slice(2))
    if (given !== 'help') return await stayUp(given.options, lifetime)
    process.stdout.write(helpOf(COMMAND))
    return 0
  } catch (error) {
    if (lifetime.signal.aborted) return 0
    console.error(printable(error))
    return 2
  }
})
