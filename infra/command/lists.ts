/** What is there: drills, their files, and the containers that run; and the end of a drill. Each returns the exit code. */
import { resolve } from 'node:path'
import { verdictWord } from '../../functions/model/early-end/stopped-by.ts'
import type { DrillStatus } from '../../functions/model/status.ts'
import type { ContainerList, DeletedContainers } from '../../functions/triggers/containers/containers-api.ts'
import { keepCampaign } from '../local/cli/campaign.ts'
import { fetchReport, keepFiles, keptLines, table } from '../local/cli/drill-result.ts'
import { CannotRun } from '../local/process/problem.ts'
import type { Outside } from './access.ts'
import { isCampaign, requireKnown } from './in-app.ts'
import { openSession, type Session, type SessionOptions } from './session.ts'

/** Standard output is for the answer alone. */
const toError = (words: string): void => console.error(words)
const EXIT_DONE = 0
const EXIT_NOT_ALL = 2

const open = (options: SessionOptions, outside: Outside): Promise<Session> => openSession(options, outside, toError)

// ---- Drills -------------------------------------------------------------------------------------------------------------

export interface ListOptions extends SessionOptions {
  readonly limit: number
  /** Null: of all servers. */
  readonly server: string | null
  readonly json: boolean
}

export async function list(options: ListOptions, outside: Outside): Promise<number> {
  const { api } = await open(options, outside)
  const drills = await api.list(options.limit, options.server)
  console.log(options.json ? JSON.stringify({ drills }, null, 2) : drillLines(drills, options.server).join('\n'))
  return EXIT_DONE
}

export const drillLines = (drills: readonly DrillStatus[], server: string | null): string[] =>
  drills.length === 0
    ? [server === null ? 'There is no drill yet.' : `No drill of ${server} was found.`]
    : table([
        ['drill', 'requested', 'server', 'verdict', 'result'],
        ...drills.map((drill) => [
          drill.drillId,
          `${drill.requestedAt.slice(0, 19).replace('T', ' ')}Z`,
          drill.target.server,
          verdictWord(drill) ?? drill.state,
          drill.headline ?? drill.error ?? drill.progress?.phase ?? '',
        ]),
      ])

export interface DownloadOptions extends SessionOptions {
  readonly out: string
}

export async function download(id: string, options: DownloadOptions, outside: Outside): Promise<number> {
  const { api, host, command } = await open(options, outside)
  const out = resolve(options.out)
  await requireKnown(api, id, host)
  if (isCampaign(id)) {
    const { report, state } = await api.campaign(id)
    if (report === null) throw notYet(`Campaign ${id}`, state, command(`watch ${id}`))
    console.log((await keepCampaign(api, report, out)).join('\n').trim())
    return EXIT_DONE
  }
  if ((await fetchReport(api, id)) === null)
    throw notYet(`Drill ${id}`, (await api.status(id)).state, command(`watch ${id}`))
  const kept = await keepFiles(api, id, out)
  console.log(keptLines(kept).join('\n').trim())
  return kept.problem === null ? EXIT_DONE : EXIT_NOT_ALL
}

const notYet = (what: string, state: string, watch: string): CannotRun =>
  new CannotRun(
    state === 'failed' ? `${what} ended without a report` : `${what} has no report yet. Follow it to its end: ${watch}`,
  )

export interface AbortOptions extends SessionOptions {
  readonly reason: string | null
}

export async function abort(id: string, options: AbortOptions, outside: Outside): Promise<number> {
  const { api, host, command } = await open(options, outside)
  await requireKnown(api, id, host)
  const reason = options.reason ?? 'the command abort'
  const isEnding = await (isCampaign(id) ? api.abortCampaign(id, reason) : api.abort(id, reason))
  console.log(
    isEnding ? `${id} is ending, and will report. Follow it: ${command(`watch ${id}`)}` : `${id} has ended already.`,
  )
  return EXIT_DONE
}

// ---- Containers ---------------------------------------------------------------------------------------------------------

export interface ContainersOptions extends SessionOptions {
  readonly delete: string | null
  readonly json: boolean
}

export async function containers(options: ContainersOptions, outside: Outside): Promise<number> {
  const { api } = await open(options, outside)
  if (options.delete !== null) return remove(await api.ask('DELETE', `/containers/${options.delete}`), options)
  const found = await api.ask<ContainerList>('GET', '/containers')
  console.log(options.json ? JSON.stringify(found, null, 2) : containerLines(found).join('\n'))
  return EXIT_DONE
}

function remove(answer: DeletedContainers, { json }: ContainersOptions): number {
  const { drillId, deleted, problems } = answer
  if (json) console.log(JSON.stringify(answer, null, 2))
  else if (deleted.length > 0) console.log(`Deleted: ${deleted.join(', ')}`)
  else if (problems.length === 0) console.log(`Drill ${drillId} left no container behind.`)
  for (const problem of problems) console.error(problem)
  return problems.length === 0 ? EXIT_DONE : EXIT_NOT_ALL
}

const UNKNOWN = 'not known'

export function containerLines({ containers: all, amount, currency, source }: ContainerList): string[] {
  if (all.length === 0) return ['No container exists.']
  const money = (cost: number | null) => (cost === null ? UNKNOWN : `${cost.toFixed(4)} ${currency}`)
  const left = [...new Set(all.filter(({ drillRuns }) => !drillRuns).map(({ drillId }) => drillId))]
  return [
    ...table([
      ['container', 'drill', 'drill runs', 'state', 'size', 'for', 'cost', 'deleted after'],
      ...all.map((one) => [
        one.name,
        one.drillId,
        one.drillRuns ? 'yes' : 'no',
        one.state ?? one.provisioningState,
        one.cpu === null ? UNKNOWN : `${one.cpu} vCPU, ${one.memoryGb} GB`,
        one.seconds === null ? UNKNOWN : `${one.seconds} s`,
        money(one.cost),
        one.expiresAt ?? 'never',
      ]),
    ]),
    '',
    `Cost so far: ${money(amount)} (${source})`,
    ...left.map((drillId) => `Drill ${drillId} has ended. Delete what it left: containers --delete ${drillId}`),
  ]
}
