/** npm start: keeps the local stack up, with the API and the dashboard, until Ctrl-C. */
import * as z from 'zod'
import { SIZE_CHECKS } from '../../functions/checklist/before.ts'
import { presetsOf } from '../../functions/request/presets.ts'
import { whole } from '../../loadgen-image/contract/fields.ts'
import { DRILL_COMMAND } from './cli/drill-options.ts'
import { requirePrograms } from './install.ts'
import { helpOf, type OptionsOf, parseCommandLine, plainNumber } from './process/command-line.ts'
import { type Lifetime, runCommand } from './process/lifetime.ts'
import { printable } from './process/problem.ts'
import { type Stack, startStack } from './stack/stack.ts'

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
    replication: DRILL_COMMAND.options.replication,
    replica: DRILL_COMMAND.options.replica,
    scaling: DRILL_COMMAND.options.scaling,
    keep: DRILL_COMMAND.options.keep,
  },
} as const

async function stayUp(options: OptionsOf<typeof COMMAND>, lifetime: Lifetime): Promise<number> {
  const say = (line: string) => console.log(line)
  const programs = requirePrograms({ forTests: false, say })
  const { port, replication, replica, scaling, keep } = options
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

const welcome = ({ apiUrl, functionKey, folder }: Stack): string[] => [
  '',
  `Open       ${apiUrl}/dashboard#key=${encodeURIComponent(functionKey)}&to=/start`,
  '           It logs this browser tab in and fills the form: press "Start the drill".',
  '',
  `Dashboard  ${apiUrl}/dashboard`,
  `API        ${apiUrl}/drills`,
  `Key        ${functionKey}   paste it when the dashboard asks; header x-functions-key for the API`,
  `Folder     ${folder}`,
  '',
  `Start a drill:`,
  `  curl -X POST ${apiUrl}/drills -H 'x-functions-key: ${functionKey}' -H 'content-type: application/json' -d '${EXAMPLE}'`,
  '',
  'Ctrl-C stops everything.',
]

/** What the form begins with. */
const EXAMPLE = JSON.stringify({ ...presetsOf('local')[0]?.request, force: SIZE_CHECKS })

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
