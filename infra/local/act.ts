/** npm run local: acts on the servers of the running local stack as another user of the platform, while a drill watches. */
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { FAILOVER_MODES, KILL_PATH, PROMOTE_OPTIONS, SPLIT_BRAIN_PATH } from './azure/arm/arm.ts'
import { type Answer, findPlatform, type PlatformCaller } from './cli/platform-client.ts'
import { type OptionsOf, requireNone, runTool } from './process/command-line.ts'
import { CannotRun } from './process/problem.ts'

const ACTIONS = ['failover', 'restart', 'scale', 'promote', 'kill', 'split-brain'] as const
type Action = (typeof ACTIONS)[number]

/** The platform's word for each mode. */
const MODES = new Map(Object.entries(FAILOVER_MODES).map(([word, mode]) => [mode as string, word]))
const OPTIONS = new Map(Object.entries(PROMOTE_OPTIONS).map(([word, option]) => [option as string, word]))
/** Of the actions that have one. */
const MODES_OF: Readonly<Partial<Record<Action, readonly string[]>>> = {
  failover: [...MODES.keys()],
  promote: [...OPTIONS.keys()],
}

const COMMAND = {
  command: 'npm run local --',
  about:
    'Acts on the servers of the local stack that runs (npm start, or a drill), as another user of the platform: the drill does not know of it.',
  operands: ACTIONS.join('|'),
  options: {
    mode: {
      flag: 'mode',
      value: 'MODE',
      schema: z.string(),
      help: `of a failover: ${[...MODES.keys()].join(', ')}; of a promotion: ${[...OPTIONS.keys()].join(', ')} (default forced)`,
    },
    sku: {
      flag: 'sku',
      value: 'NAME',
      schema: z.string(),
      help: 'the size that scale asks for, such as Local_8vCores',
    },
    stack: {
      flag: 'stack',
      value: 'NAME',
      schema: z.string(),
      help: 'the name of the folder of the stack, when several run',
    },
    noWait: { flag: 'no-wait', help: 'return when the platform has accepted, and not when it is done' },
  },
  closing: `failover, restart and scale act on the primary, promote on the replica in the other region; kill ends the server process of the primary, as a crash does; split-brain promotes the standby while the old primary lives on for some seconds.
Exit code: 0 done (or accepted), 1 refused or failed, 2 could not run.`,
} as const

type Options = OptionsOf<typeof COMMAND>

const EXIT_REFUSED = 1
const POLL_INTERVAL_MS = 250

function actionOf(operands: readonly string[], { mode, sku }: Options): Action {
  const [word = '', ...more] = operands
  const action = ACTIONS.find((one) => one === word)
  const problems: string[] = []
  if (action === undefined || more.length > 0) problems.push(`expected one action: ${ACTIONS.join(', ')}`)
  else {
    const modes = MODES_OF[action]
    if (mode !== null && modes === undefined) problems.push(`--mode is not for ${action}`)
    if (mode !== null && modes?.includes(mode) === false) problems.push(`--mode: expected one of ${modes.join(', ')}`)
    if (action === 'scale' && sku === null) problems.push('scale needs --sku NAME')
    if (action !== 'scale' && sku !== null) problems.push(`--sku is not for ${action}`)
  }
  requireNone(COMMAND, problems)
  return action as Action
}

// ---- The request ------------------------------------------------------------------------------------------------------

interface ServerDocument {
  readonly id: string
  readonly properties: { readonly sourceServerResourceId?: string }
}

/** The primary of the set, wherever a promotion has moved it. */
async function primaryId(platform: PlatformCaller): Promise<string> {
  const { properties } = await read<ServerDocument>(platform, platform.serverId)
  return properties.sourceServerResourceId ?? platform.serverId
}

async function read<Document>({ call }: PlatformCaller, path: string): Promise<Document> {
  const { status, body } = await call('GET', path)
  if (status === 200) return body as Document
  throw new CannotRun(
    `Nothing was asked: the platform answered the question about its servers with ${status} ${problemIn(body)}`,
  )
}

async function ask(platform: PlatformCaller, action: Action, { mode, sku }: Options): Promise<Answer> {
  const { call } = platform
  if (action === 'kill') return call('POST', KILL_PATH)
  if (action === 'split-brain') return call('POST', SPLIT_BRAIN_PATH)
  const primary = await primaryId(platform)
  switch (action) {
    case 'failover': {
      const body = { restartWithFailover: true, failoverMode: MODES.get(mode ?? 'forced') }
      return call('POST', `${primary}/restart`, body)
    }
    case 'restart':
      return call('POST', `${primary}/restart`)
    case 'scale':
      return call('PATCH', primary, { sku: { name: sku } })
    case 'promote': {
      const { value } = await read<{ readonly value: readonly ServerDocument[] }>(platform, `${primary}/replicas`)
      const replica = { role: 'Primary', promoteMode: 'Switchover', promoteOption: OPTIONS.get(mode ?? 'forced') }
      const [first] = value
      if (first === undefined) throw new CannotRun('The stack has no replica. Start it with --replica')
      return call('PATCH', first.id, { properties: { replica } })
    }
  }
}

// ---- The answer -------------------------------------------------------------------------------------------------------

const problemIn = (body: unknown): string => {
  const { error } = (body ?? {}) as { readonly error?: { readonly code?: string; readonly message?: string } }
  return error === undefined ? 'without a reason' : `${error.code}: ${error.message}`
}

/** A refused read of the operation says nothing about the operation. */
async function untilEnd({ call }: PlatformCaller, operation: string): Promise<{ readonly status?: string }> {
  for (;;) {
    const { status: code, body } = await call('GET', operation)
    const document = (body ?? {}) as { readonly status?: string; readonly error?: unknown }
    if (code === 200 && (document.status === 'Succeeded' || document.error !== undefined)) return document
    await sleep(POLL_INTERVAL_MS)
  }
}

/** An error of the server, such as 504, leaves open whether the request arrived. */
const refusal = (action: Action, { status, body }: Answer): string =>
  status < 500
    ? `The platform refused the ${action} with ${status} ${problemIn(body)}`
    : `The platform answered the ${action} with ${status} ${problemIn(body)} It may act all the same`

async function act(action: Action, options: Options): Promise<number> {
  const platform = findPlatform(options.stack)
  const say = (words: string) => console.log(`${new Date().toISOString()}  ${action} ${words}`)
  const beganAtMs = performance.now()
  const answer = await ask(platform, action, options)
  if (answer.status >= 300) {
    console.error(refusal(action, answer))
    return EXIT_REFUSED
  }
  if (answer.operation === null) {
    say('done')
    return 0
  }
  say('accepted')
  if (options.noWait) return 0
  const end = await untilEnd(platform, answer.operation)
  const seconds = ((performance.now() - beganAtMs) / 1000).toFixed(1)
  if (end.status === 'Succeeded') {
    say(`done, all servers as they will stay, after ${seconds} s`)
    return 0
  }
  console.error(`The ${action} failed after ${seconds} s: ${problemIn(end)}`)
  return EXIT_REFUSED
}

await runTool(COMMAND, ({ operands, options }) => act(actionOf(operands, options), options))
