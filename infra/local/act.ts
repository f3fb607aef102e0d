/** npm run local: acts on the servers of the running local stack as another user of the platform, while a drill watches. */
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { KILL_PATH } from './azure/arm/arm.ts'
import { type Answer, findPlatform, type PlatformCaller } from './cli/platform-client.ts'
import { type OptionsOf, requireNone, runTool } from './process/command-line.ts'

const ACTIONS = ['failover', 'restart', 'scale', 'promote', 'kill'] as const
type Action = (typeof ACTIONS)[number]

const MODES: Readonly<Record<string, string>> = {
  forced: 'ForcedFailover',
  planned: 'PlannedFailover',
  forcedSwitchover: 'ForcedSwitchover',
  plannedSwitchover: 'PlannedSwitchover',
}
const OPTIONS: Readonly<Record<string, string>> = { forced: 'Forced', planned: 'Planned' }
/** Of the actions that have one. */
const MODES_OF: Readonly<Partial<Record<Action, readonly string[]>>> = {
  failover: Object.keys(MODES),
  promote: Object.keys(OPTIONS),
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
      help: `of a failover: ${Object.keys(MODES).join(', ')}; of a promotion: ${Object.keys(OPTIONS).join(', ')} (default forced)`,
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
  closing: `failover, restart and scale act on the primary, promote on the replica in the other region; kill ends the server process of the primary, as a crash does.
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
  readonly properties: { readonly replicationRole: string; readonly sourceServerResourceId?: string }
}

/** The primary of the set, wherever a promotion has moved it. */
async function primaryId({ call, serverId }: PlatformCaller): Promise<string> {
  const { properties } = (await call('GET', serverId)).body as ServerDocument
  return properties.sourceServerResourceId ?? serverId
}

async function ask(platform: PlatformCaller, action: Action, { mode, sku }: Options): Promise<Answer> {
  const primary = await primaryId(platform)
  const { call } = platform
  switch (action) {
    case 'failover': {
      const body = { restartWithFailover: true, failoverMode: MODES[mode ?? 'forced'] }
      return call('POST', `${primary}/restart`, body)
    }
    case 'restart':
      return call('POST', `${primary}/restart`)
    case 'scale':
      return call('PATCH', primary, { sku: { name: sku } })
    case 'promote': {
      const { value } = (await call('GET', `${primary}/replicas`)).body as { readonly value: readonly ServerDocument[] }
      const replica = { role: 'Primary', promoteMode: 'Switchover', promoteOption: OPTIONS[mode ?? 'forced'] }
      const [first] = value
      if (first === undefined) return NO_REPLICA
      return call('PATCH', first.id, { properties: { replica } })
    }
    case 'kill':
      return call('POST', KILL_PATH)
  }
}

const NO_REPLICA: Answer = {
  status: 404,
  body: { error: { code: 'NoReplica', message: 'The stack has no replica: start it with --replica.' } },
  operation: null,
}

// ---- The answer -------------------------------------------------------------------------------------------------------

const problemIn = (body: unknown): string => {
  const { error } = (body ?? {}) as { readonly error?: { readonly code?: string; readonly message?: string } }
  return error === undefined ? 'without a reason' : `${error.code}: ${error.message}`
}

async function untilEnd({ call }: PlatformCaller, operation: string): Promise<unknown> {
  for (;;) {
    const { body } = await call('GET', operation)
    const { status, error } = (body ?? {}) as { readonly status?: string; readonly error?: unknown }
    if (status === 'Succeeded' || error !== undefined) return body
    await sleep(POLL_INTERVAL_MS)
  }
}

async function act(action: Action, options: Options): Promise<number> {
  const platform = findPlatform(options.stack)
  const beganAtMs = performance.now()
  const answer = await ask(platform, action, options)
  if (answer.status >= 300) {
    console.error(`The platform refused the ${action} with ${answer.status} ${problemIn(answer.body)}`)
    return EXIT_REFUSED
  }
  console.log(`${new Date().toISOString()}  ${action} accepted`)
  if (answer.operation === null || options.noWait) return 0
  const end = await untilEnd(platform, answer.operation)
  const seconds = ((performance.now() - beganAtMs) / 1000).toFixed(1)
  const isDone = (end as { readonly status?: string }).status === 'Succeeded'
  if (isDone)
    console.log(`${new Date().toISOString()}  ${action} done, all servers as they will stay, after ${seconds} s`)
  else console.error(`The ${action} failed after ${seconds} s: ${problemIn(end)}`)
  return isDone ? 0 : EXIT_REFUSED
}

await runTool(COMMAND, ({ operands, options }) => act(actionOf(operands, options), options))
