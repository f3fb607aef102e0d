/** Calls the Azure endpoint of a local stack as another user of the platform does: no drill knows of it. */
import { readFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { basename, join } from 'node:path'
import { ACCESS_FILE, type EndpointAccess } from '../azure/arm/arm.ts'
import { CannotRun } from '../process/problem.ts'
import { runningStacks } from '../process/stack-folder.ts'

const API_VERSION = '2025-08-01'
const ANSWER_TIMEOUT_MS = 30_000

export interface Answer {
  readonly status: number
  readonly body: unknown
  /** URL of the long-running operation; null: there is none. */
  readonly operation: string | null
}

export interface PlatformCaller {
  readonly serverId: string
  call(method: string, path: string, body?: unknown): Promise<Answer>
}

/** Of the stack that runs, or of the one that is named. */
export function findPlatform(named: string | null): PlatformCaller {
  const running = runningStacks().map((path) => ({ path, id: basename(path) }))
  const fitting = running.filter(({ path, id }) => named === null || named === id || named === path)
  const [stack, ...others] = fitting
  if (stack === undefined) throw noStack(running)
  if (others.length > 0)
    throw new CannotRun(`Several local stacks run: ${fitting.map(({ id }) => id).join(', ')}. Name one with --stack`)
  const access = readAccess(stack.path)
  return { serverId: access.serverId, call: (method, path, body) => call(access, method, path, body) }
}

function noStack(running: readonly { readonly id: string }[]): CannotRun {
  if (running.length === 0)
    return new CannotRun(
      'No local stack runs on this machine. Start one with npm start, or a drill with npm run drill, and run this beside it',
    )
  const names = running.map(({ id }) => id).join(', ')
  return new CannotRun(`No local stack of that name runs on this machine; those that run: ${names}`)
}

function readAccess(folder: string): EndpointAccess {
  try {
    return JSON.parse(readFileSync(join(folder, ACCESS_FILE), 'utf8')) as EndpointAccess
  } catch {
    throw new CannotRun(`The local stack ${basename(folder)} is still starting. Wait a moment, and run this again`)
  }
}

function call({ url, token, ca }: EndpointAccess, method: string, path: string, body?: unknown): Promise<Answer> {
  const target = new URL(path, url)
  target.searchParams.set('api-version', API_VERSION)
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(target, { method, ca, headers, timeout: ANSWER_TIMEOUT_MS }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        const operation = response.headers['azure-asyncoperation']
        resolve({
          status: response.statusCode ?? 0,
          body: parsed(Buffer.concat(parts).toString()),
          operation: typeof operation === 'string' ? operation : null,
        })
      })
    })
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s`)))
    sent.on('error', (cause: NodeJS.ErrnoException) =>
      reject(new CannotRun(withoutAnswer(method, cause.code), { cause })),
    )
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

function withoutAnswer(method: string, code: string | undefined): string {
  if (code === 'ECONNREFUSED') return 'The Azure endpoint of the stack does not listen any more'
  const open = method === 'GET' ? '' : '; it may act on the request all the same'
  return `The Azure endpoint of the stack gave no answer${open}`
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
