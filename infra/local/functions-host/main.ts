/**
 * The local Functions host as a process:
 *
 *   node infra/local/functions-host/main.ts --app functions/app.ts --state-dir DIR [--port 7071] [--keys FILE] [--durable-extension]
 *
 * With --durable-extension the Durable extension of Azure carries the orchestrations, on the storage that AzureWebJobsStorage names.
 * The app's settings are this process's environment. When the host is ready, it prints one JSON line on standard output, with its
 * address and the file of its keys; logs go to standard error. Neither holds a key. SIGTERM and SIGINT stop it; the next start with
 * the same folder resumes the work under way.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { optionsProblem } from '../process/problem.ts'
import { buildDurableExtension } from './durable-extension/build.ts'
import { hideInOutput, secretsOf } from './hide-secrets.ts'
import { type HostLogLine, startHost } from './host.ts'
import { fillKeys, type Keys } from './http/keys.ts'

const USAGE = 'usage: main.ts --app ENTRY|FOLDER|ZIP --state-dir DIR [--port N] [--keys FILE] [--durable-extension]'

/** Bad usage: one line, exit code 2. */
class UsageError extends Error {
  override readonly name = 'UsageError'
}

function readOptions(args: readonly string[]) {
  const options = {
    app: { type: 'string' },
    'state-dir': { type: 'string' },
    port: { type: 'string' },
    keys: { type: 'string' },
    'durable-extension': { type: 'boolean' },
  } as const
  const { values } = parseOrExplain(() => parseArgs({ args: [...args], options, strict: true }))
  const { app, 'state-dir': stateDir } = values
  if (app === undefined || stateDir === undefined) throw new UsageError(USAGE)
  const port = Number(values.port ?? 0)
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new UsageError(`--port must be 0 to 65535`)
  return { app, stateDir, port, keys: readKeys(values.keys), onExtension: values['durable-extension'] ?? false }
}

function parseOrExplain<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new UsageError(`${optionsProblem(error)}; ${USAGE}`)
  }
}

/** A file, because arguments can be seen by every user of the machine. */
function readKeys(file: string | undefined): Partial<Keys> {
  if (file === undefined) return {}
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<Keys>
  } catch (cause) {
    throw new UsageError(`--keys ${file} must be a JSON file with "master" or "host"`, { cause })
  }
}

const log = ({ at, level, functionName, message }: HostLogLine): void => {
  process.stderr.write(`${at} ${level}${functionName === '' ? '' : ` ${functionName}`}: ${message}\n`)
}

const printError = (line: string): void => void process.stderr.write(`${line}\n`)

/** Without its task hub a host cannot work; the stack starts both again. */
function die(why: string): never {
  printError(why)
  process.exit(1)
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2))
  process.env.FUNCTIONS_WORKER_RUNTIME ??= 'node'
  process.env.AZURE_FUNCTIONS_ENVIRONMENT ??= 'Development'
  const { onExtension, ...hosted } = options
  const extension = onExtension ? { durableExtension: await buildDurableExtension(printError) } : {}
  const keys = fillKeys(options.keys)
  hideInOutput(secretsOf(process.env, [keys.master, keys.host]))
  const host = await startHost({ ...hosted, ...extension, keys, log, onFatal: die })
  const keysFile = join(options.stateDir, 'keys.json')
  writeFileSync(keysFile, JSON.stringify(keys), { mode: 0o600 })
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void host.stop().then(() => process.exit(0)))
  process.stdout.write(
    `${JSON.stringify({ ready: true, url: host.url, port: host.port, pid: process.pid, keysFile })}\n`,
  )
}

// Node itself would print past the streams that hide secrets.
process.on('uncaughtException', (error) => die(error.stack ?? error.message))

main().catch((error: unknown) => {
  const { name, message, stack } = error as Error
  process.stderr.write(`${name === 'UsageError' ? message : (stack ?? message)}\n`)
  process.exit(name === 'UsageError' ? 2 : 1)
})
