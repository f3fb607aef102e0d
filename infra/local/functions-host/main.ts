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
import { CannotRun, optionsProblem, printable } from '../process/problem.ts'
import { buildDurableExtension } from './durable-extension/build.ts'
import { hideInOutput, secretsOf } from './hide-secrets.ts'
import { type HostLogLine, startHost } from './host.ts'
import { fillKeys, type Keys } from './http/keys.ts'

const OPTIONS = {
  app: { type: 'string' },
  'state-dir': { type: 'string' },
  port: { type: 'string', default: '0' },
  /** A file, because every user of the machine can read the arguments of a process. */
  keys: { type: 'string' },
  'durable-extension': { type: 'boolean', default: false },
} as const

function readOptions() {
  try {
    return parseArgs({ options: OPTIONS }).values
  } catch (error) {
    throw new CannotRun(optionsProblem(error))
  }
}

const log = ({ at, level, functionName, message }: HostLogLine): void =>
  printError(`${at} ${level}${functionName === '' ? '' : ` ${functionName}`}: ${message}`)

const printError = (line: string): void => void process.stderr.write(`${line}\n`)

/** Without its task hub a host cannot work; the stack starts both again. */
function die(why: string): never {
  printError(why)
  process.exit(1)
}

async function main(): Promise<void> {
  const { app, 'state-dir': stateDir, ...options } = readOptions()
  if (app === undefined || stateDir === undefined) throw new CannotRun('--app and --state-dir are required')
  process.env.FUNCTIONS_WORKER_RUNTIME ??= 'node'
  process.env.AZURE_FUNCTIONS_ENVIRONMENT ??= 'Development'
  const extension = options['durable-extension'] ? { durableExtension: await buildDurableExtension(printError) } : {}
  const given = options.keys === undefined ? {} : (JSON.parse(readFileSync(options.keys, 'utf8')) as Partial<Keys>)
  const keys = fillKeys(given)
  hideInOutput(secretsOf(process.env, [keys.master, keys.host]))
  const host = await startHost({ app, stateDir, port: Number(options.port), ...extension, keys, log, onFatal: die })
  const keysFile = join(stateDir, 'keys.json')
  writeFileSync(keysFile, JSON.stringify(keys), { mode: 0o600 })
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void host.stop().then(() => process.exit(0)))
  process.stdout.write(`${JSON.stringify({ ready: true, url: host.url, pid: process.pid, keysFile })}\n`)
}

// Node itself would print past the streams that hide secrets.
process.on('uncaughtException', (error) => die(error.stack ?? error.message))

main().catch((error: unknown) => die(printable(error)))
