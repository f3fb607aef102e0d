/** npm start: the local stack stays up, with the API and the dashboard, until Ctrl-C. */
import { parseArgs } from 'node:util'
import { requirePrograms } from './install.ts'
import { type Lifetime, runCommand } from './process/lifetime.ts'
import { CannotRun, optionsProblem, printable } from './process/problem.ts'
import { type Stack, startStack } from './stack/stack.ts'

const HELP = `npm start -- [options]

Keeps the local stack up: PostgreSQL pair, PgBouncer, storage, Azure endpoint and Functions host.

  --port PORT           of the API and the dashboard on 127.0.0.1 (default 7071; 0: a free one)
  --replication KIND    sync or async (default sync)
  --keep                keep the servers' data and logs after the end
  --help                this text
`

interface StartOptions {
  readonly port: number
  readonly replication: 'sync' | 'async'
  readonly keep: boolean
}

function parseOptions(args: string[]): StartOptions | 'help' {
  const { values, problems } = readOptions(args)
  const port = Number(values.port ?? 7071)
  const replication = values.replication ?? 'sync'
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    problems.push(`--port must be a whole number from 0 to 65535`)
  if (replication !== 'sync' && replication !== 'async') problems.push(`--replication must be sync or async`)
  if (problems.length > 0)
    throw new CannotRun(`${problems.join('\n')}\nNothing was started. "npm start -- --help" lists the options`)
  if (values.help) return 'help'
  return { port, replication: replication === 'async' ? 'async' : 'sync', keep: values.keep ?? false }
}

function readOptions(args: string[]) {
  const options = {
    port: { type: 'string' },
    replication: { type: 'string' },
    keep: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const
  try {
    return { values: parseArgs({ args, options }).values, problems: [] as string[] }
  } catch (error) {
    return {
      values: {} as { port?: string; replication?: string; keep?: boolean; help?: boolean },
      problems: [optionsProblem(error)],
    }
  }
}

async function stayUp(options: StartOptions, lifetime: Lifetime): Promise<number> {
  const say = (line: string) => console.log(line)
  const programs = requirePrograms({ forTests: false, say })
  const { port, replication, keep } = options
  const apiPort = port === 0 ? null : port
  say('Starting the local stack ...')
  const stack = await startStack(
    { programs, replication, host: 'local', apiPort, platformPauseMs: 2_000, app: null, loadgen: null, keep, say },
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

const EXAMPLE = JSON.stringify({
  targetTps: 400,
  workers: 20,
  durationSeconds: 45,
  failovers: [{ atSeconds: 15, mode: 'forced' }],
  timing: { warmupSeconds: 5, minBaselineSeconds: 5, auditPauseSeconds: 2, lateMetricsSeconds: 8 },
  force: ['server-sku', 'storage-iops'],
})

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

await runCommand(async (lifetime) => {
  try {
    const options = parseOptions(process.argv.slice(2))
    if (options === 'help') {
      process.stdout.write(HELP)
      return 0
    }
    return await stayUp(options, lifetime)
  } catch (error) {
    if (lifetime.signal.aborted) return 0
    console.error(printable(error))
    return 2
  }
})
