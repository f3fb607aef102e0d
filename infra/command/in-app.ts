/** A drill or a campaign in an app that runs elsewhere: started once, watched, or attached to again. */
import { resolve } from 'node:path'
import { screen } from '../../loadgen-image/output/screen.ts'
import { followCampaign } from '../local/cli/campaign.ts'
import { campaignBody, loadWords, planOf, requestBody } from '../local/cli/drill-body.ts'
import { type DrillApi, NotStarted, newKey } from '../local/cli/drill-client.ts'
import type { DrillOptions } from '../local/cli/drill-options.ts'
import { createProgressView, terminalOf } from '../local/cli/drill-progress.ts'
import { problemInOptions } from '../local/cli/option-words.ts'
import { followDrill, type Run } from '../local/cli/run.ts'
import { NoAnswer, Refused } from '../local/http/call.ts'
import type { Lifetime } from '../local/process/lifetime.ts'
import { CannotRun } from '../local/process/problem.ts'
import { requireSpace, requireWritable } from '../local/process/stack-folder.ts'
import type { Outside } from './access.ts'
import { openSession, type Session, type SessionOptions } from './session.ts'

const RESULTS_MB = 100
const CAMPAIGN_PREFIX = 'campaign-'

export const isCampaign = (id: string): boolean => id.startsWith(CAMPAIGN_PREFIX) && !/-\d{1,2}$/.test(id)

function roomFor(folder: string): string {
  const out = resolve(folder)
  requireWritable(out, 'Give another folder with --out')
  requireSpace(out, RESULTS_MB, 'the report', 'give another folder with --out')
  return out
}

const say = (words: string): void => screen.show(words)

/** The exit code. */
export async function drillInApp(options: DrillOptions, outside: Outside, lifetime: Lifetime): Promise<number> {
  const out = roomFor(options.out)
  const isMany = options.repeat > 1
  const session = await openSession(options, outside, say, lifetime.signal)
  if (lifetime.signal.aborted) throw new CannotRun('Interrupted: nothing was started')
  const key = newKey()
  const id = await started(session, options, key, isMany ? `${CAMPAIGN_PREFIX}${key}` : key)
  const plan = planOf(options)
  say(`${isMany ? `Campaign ${id}: ${options.repeat} drills, each` : `Drill ${id}:`} ${loadWords(plan)}`)
  return attached(session, id, { out, loadSeconds: plan.load.durationSeconds, lifetime })
}

/** The key makes a repeated request the same drill. */
async function started({ api, command }: Session, options: DrillOptions, key: string, id: string): Promise<string> {
  try {
    return options.repeat > 1
      ? await api.startCampaign(campaignBody(options), key)
      : await api.start(requestBody(options), key)
  } catch (error) {
    if (error instanceof NotStarted) throw refusal(error, options, command)
    if (error instanceof NoAnswer)
      throw new CannotRun(
        `The app gave no answer to the request (${error.message}). Whether it started is not known: see ${command(`watch ${id}`)}`,
      )
    throw error
  }
}

/** With the fields by the names of their options, and with the drill that holds the server. */
function refusal(
  { message, problems, instance }: NotStarted,
  options: DrillOptions,
  command: Session['command'],
): CannotRun {
  const [, holder] = /^\/api\/drills\/([\w-]+)$/.exec(instance ?? '') ?? []
  if (holder !== undefined) return new CannotRun(`${message} Watch it: ${command(`watch ${holder}`)}`)
  if (problems.length === 0) return new CannotRun(message)
  return new CannotRun(
    `The app refuses the request:\n${problems.map((problem) => `  ${problemInOptions(options, problem)}\n`).join('')}Nothing was started`,
  )
}

// ---- Attached -----------------------------------------------------------------------------------------------------------

export interface WatchOptions extends SessionOptions {
  readonly out: string
}

/** The exit code of the verdict. */
export async function watchInApp(
  id: string,
  options: WatchOptions,
  outside: Outside,
  lifetime: Lifetime,
): Promise<number> {
  const out = roomFor(options.out)
  const session = await openSession(options, outside, say, lifetime.signal)
  await requireKnown(session.api, id, session.host)
  return attached(session, id, { out, loadSeconds: null, lifetime })
}

/** Throws when the app knows no such drill or campaign. */
export async function requireKnown(api: DrillApi, id: string, host: string): Promise<void> {
  try {
    await (isCampaign(id) ? api.campaign(id) : api.status(id))
  } catch (error) {
    if (error instanceof Refused && error.status === 404)
      throw new CannotRun(
        `${host} knows no ${isCampaign(id) ? 'campaign' : 'drill'} ${id}. The command list shows the drills`,
      )
    throw error
  }
}

interface Attachment {
  readonly out: string
  readonly loadSeconds: number | null
  readonly lifetime: Lifetime
}

async function attached(session: Session, id: string, { out, loadSeconds, lifetime }: Attachment): Promise<number> {
  const { api, poll, command } = session
  const what = isCampaign(id) ? 'campaign' : 'drill'
  const course = session.course(what, id)
  let isAttached = true
  lifetime.onDeath(() => {
    if (isAttached) console.error(`\n${course.words.left}`)
    isAttached = false
  })
  const terminal = terminalOf(process.stdout)
  const run: Run = {
    api,
    poll,
    terminal,
    loadSeconds,
    course: () => course,
    signal: lifetime.signal,
    out,
    withoutReport: `The log of the app says why; its files: ${command(`download ${id}`)}`,
  }
  try {
    if (isCampaign(id)) return await followCampaign(run, id)
    return await followDrill({ ...run, view: createProgressView(terminal, loadSeconds) }, id)
  } finally {
    isAttached = false
  }
}
