/**
 * The one way to the Azure CLI: every call names the subscription, prints JSON, and is read as data. Without `--subscription` the CLI
 * takes its own default, which need not be the one that azd or a pipeline deploys to.
 */
import { spawn } from 'node:child_process'
import { CannotRun } from '../../local/process/problem.ts'
import { ROOT } from '../bundle.ts'
import { AzError } from './decisions/az-error.ts'
import { batchCommandLine } from './decisions/windows-arguments.ts'

export interface Az {
  readonly subscription: string
  /** What the command prints, parsed; null when it prints nothing. Throws AzError. */
  run(args: readonly string[], options?: RunOptions): Promise<unknown>
  /** GET of a Resource Manager path. */
  get(path: string, apiVersion: string): Promise<unknown>
  /** All pages of a list. */
  list(path: string, apiVersion: string, filter?: string): Promise<unknown[]>
}

interface RunOptions {
  /** Added to this process's environment. */
  readonly environment?: Readonly<Record<string, string>>
  /** The command's own output is shown while it runs: builds take minutes. */
  readonly isShown?: boolean
}

/** A deployment with a standby takes up to half an hour, and so does the deletion of its group. */
const TIMEOUT_MS = 60 * 60_000
const MAX_PAGES = 50

/** Null: the subscription that the CLI has as its default, which is resolved once and named from then on. */
export async function createAz(
  subscription: string | null,
  environment: NodeJS.ProcessEnv,
  execute: Execute,
): Promise<Az> {
  const own = { environment, execute }
  const id = subscription ?? (await defaultSubscription(own))
  const run: Az['run'] = (args, options = {}) => call([...args, '--subscription', id], own, options)
  const get: Az['get'] = (path, apiVersion) => run(rest(`${path}?api-version=${apiVersion}`))
  return {
    subscription: id,
    run,
    get,
    list: async (path, apiVersion, filter) => {
      const found: unknown[] = []
      let url: string | null = `${path}?api-version=${apiVersion}${filter === undefined ? '' : `&$filter=${filter}`}`
      for (let count = 0; url !== null && count < MAX_PAGES; count += 1) {
        const answer = (await run(rest(url))) as { value?: unknown[]; nextLink?: string | null } | null
        found.push(...(answer?.value ?? []))
        url = answer?.nextLink || null
      }
      return found
    },
  }
}

const rest = (url: string): string[] => ['rest', '--method', 'get', '--url', url]

interface Caller {
  readonly environment: NodeJS.ProcessEnv
  readonly execute: Execute
}

async function defaultSubscription(caller: Caller): Promise<string> {
  const account = (await call(['account', 'show'], caller, {})) as { id?: string } | null
  if (account?.id) return account.id
  throw new CannotRun('The Azure CLI has no subscription: run az login, or give --subscription')
}

async function call(args: readonly string[], { environment, execute }: Caller, options: RunOptions): Promise<unknown> {
  const env = { ...environment, ...options.environment }
  const finished = await execute([...args, '--only-show-errors', '--output', 'json'], env, options.isShown === true)
  if (finished.code !== 0) throw new AzError(nameOf(args), finished.code, finished.stderr)
  const text = finished.stdout.trim()
  if (options.isShown || text === '') return null
  try {
    return JSON.parse(text)
  } catch {
    throw new AzError(nameOf(args), 0, `its answer is no JSON: ${text.slice(0, 200)}`)
  }
}

/** The words of a command without its options, whose values may be long. */
const nameOf = (args: readonly string[]): string => {
  const end = args.findIndex((arg) => arg.startsWith('-'))
  const words = args.slice(0, end < 0 ? args.length : end).join(' ')
  const url = args[args.indexOf('--url') + 1]
  return args[0] === 'rest' ? `rest ${args[args.indexOf('--method') + 1]} ${url?.split('?')[0]}` : words
}

interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the CLI to its end; throws CannotRun when it does not start. */
export type Execute = (args: readonly string[], env: NodeJS.ProcessEnv, isShown: boolean) => Promise<Finished>

export const execute: Execute = (args, env, isShown) => {
  const isWindows = process.platform === 'win32'
  const own = { cwd: ROOT, env }
  const child = isWindows
    ? spawn(process.env.comspec ?? 'cmd.exe', ['/d', '/s', '/c', batchCommandLine('az', args)], {
        ...own,
        windowsVerbatimArguments: true,
      })
    : spawn('az', [...args], own)
  // Not spawn's own option: after a program that is not there, its timer keeps this process alive for the whole time.
  const limit = setTimeout(() => child.kill(), TIMEOUT_MS).unref()
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
      if (isShown) process.stderr.write(text)
    })
  return new Promise((done, fail) => {
    child.on('error', (error: NodeJS.ErrnoException) => fail(notStarted(error)))
    child.on('close', (code, signal) => {
      clearTimeout(limit)
      if (signal !== null)
        texts.stderr += `\nERROR: ended by ${signal} after ${Math.round(TIMEOUT_MS / 60_000)} minutes`
      if (isWindows && code !== 0 && /'az' is not recognized/.test(texts.stderr)) fail(notFound())
      else done({ code: code ?? 1, ...texts })
    })
  })
}

const notFound = (): CannotRun => new CannotRun('The Azure CLI (az) is not on the PATH: install it, and run az login')

const notStarted = (error: NodeJS.ErrnoException): Error =>
  error.code === 'ENOENT' ? notFound() : new CannotRun(`The Azure CLI (az) does not start: ${error.message}`)
