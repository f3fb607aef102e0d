/**
 * The local Functions host as a process. When it is ready, it prints one JSON line on standard output, with its address; logs go to
 * standard error. SIGTERM and SIGINT stop it; the next start with the same state folder
 * resumes the work under way.
 */
import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { whole } from '../../../loadgen-image/contract/fields.ts'
import { helpOf, parseCommandLine, plainNumber } from '../process/command-line.ts'
import { CannotRun, printable } from '../process/problem.ts'
import { buildDurableExtension } from './durable-extension/build.ts'
import { hideInOutput, secretsOf } from './hide-secrets.ts'
import { type HostLogLine, startHost } from './host.ts'
import type { Keys } from './http/site.ts'

const COMMAND = {
  command: 'node infra/local/functions-host/main.ts',
  about: "Runs a function app on this machine. The app's settings are the environment of this process.",
  options: {
    app: { flag: 'app', value: 'PATH', schema: z.string(), help: "the app's entry file, its folder, or its zip" },
    stateDir: {
      flag: 'state-dir',
      value: 'DIR',
      schema: z.string(),
      help: 'holds the state that outlives the process',
    },
    port: {
      flag: 'port',
      value: 'PORT',
      default: '0',
      schema: z.preprocess(plainNumber, whole(0, 65_535)),
      help: 'on 127.0.0.1; 0: a free one',
    },
    // A file, because every user of the machine can read the arguments of a process.
    keys: { flag: 'keys', value: 'FILE', schema: z.string(), help: 'JSON with the keys "master" and "host"' },
    onExtension: {
      flag: 'durable-extension',
      help: 'run orchestrations on the Durable extension of Azure and the storage that AzureWebJobsStorage names',
    },
  },
} as const

const log = ({ at, level, functionName, message }: HostLogLine): void =>
  printError(`${at} ${level}${functionName === '' ? '' : ` ${functionName}`}: ${message}`)

const printError = (line: string): void => void process.stderr.write(`${line}\n`)

/** Without its task hub a host cannot work; the stack starts both again. */
function die(why: string): never {
  printError(why)
  process.exit(1)
}

async function main(): Promise<void> {
  const given = parseCommandLine(COMMAND, process.argv.slice(2))
  if (given === 'help') return void process.stdout.write(helpOf(COMMAND))
  const { app, stateDir, port, keys: keysFile, onExtension } = given.options
  if (app === null || stateDir === null || keysFile === null)
    throw new CannotRun('--app, --state-dir and --keys are required')
  process.env.FUNCTIONS_WORKER_RUNTIME ??= 'node'
  process.env.AZURE_FUNCTIONS_ENVIRONMENT ??= 'Development'
  const extension = onExtension ? { durableExtension: await buildDurableExtension(printError) } : {}
  const keys = JSON.parse(readFileSync(keysFile, 'utf8')) as Keys
  hideInOutput(secretsOf(process.env, [keys.master, keys.host]))
  const host = await startHost({ app, stateDir, port, ...extension, keys, log, onFatal: die })
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void host.stop().then(() => process.exit(0)))
  process.stdout.write(`${JSON.stringify({ ready: true, url: host.url })}\n`)
}

// Node itself would print past the streams that hide secrets.
process.on('uncaughtException', (error) => die(error.stack ?? error.message))

main().catch((error: unknown) => {
  printError(printable(error))
  process.exit(error instanceof CannotRun ? 2 : 1)
})
