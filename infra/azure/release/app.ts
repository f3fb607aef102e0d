/** The steps `app`, `smoke` and `drill`: the function app, a call that shows that it answers, and a drill in it. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { DrillStatus } from '../../../functions/model/status.ts'
import { createDrillApi, type DrillApi } from '../../local/cli/drill-client.ts'
import { exitCodeOf, fetchReport, keepFiles, keptLines, verdictLines } from '../../local/cli/drill-result.ts'
import { CannotRun, wordsOf } from '../../local/process/problem.ts'
import { type Api, apiOf } from './api.ts'
import { isBusy } from './decisions/az-error.ts'
import { guard } from './guard.ts'
import { type Release, withRetry } from './release.ts'

export async function releaseApp(release: Release): Promise<void> {
  await guard(release)
  const app = await release.output('AZURE_FUNCTION_APP_NAME')
  release.say('packaging the app')
  const zip = await release.packaged()
  const place = ['--resource-group', release.group, '--name', app]
  await withRetry(
    release,
    { of: 'the deployment of the app', isPassing: isBusy, forMs: 5 * 60_000, everyMs: 30_000 },
    () => release.az.run(['functionapp', 'deployment', 'source', 'config-zip', ...place, '--src', zip]),
  )
  release.say(`${app} is deployed`)
}

// ---- Smoke ------------------------------------------------------------------------------------------------------------

const SMOKE_MS = 10 * 60_000
const SMOKE_EVERY_MS = 10_000

/** After a deployment the host restarts, and its keys, its secrets and its roles arrive one after the other. */
export async function smoke(release: Release): Promise<void> {
  const url = await release.output('DRILL_API_URL')
  let seen = 'no answer'
  for (let waitedMs = 0; ; waitedMs += SMOKE_EVERY_MS) {
    seen = await apiOf(release).then(askOnce, wordsOf)
    if (seen === '') break
    if (waitedMs >= SMOKE_MS) throw new CannotRun(`${url} does not answer as it should: ${seen}. ${adviceOf(seen)}`)
    if (waitedMs === 0) release.say(`waiting for ${url}: ${seen}`)
    await release.pause(SMOKE_EVERY_MS)
  }
  release.say(`${url} answers`)
}

/** Empty: as it should. The list of drills needs the code, the host's keys and the storage. */
async function askOnce(api: Api): Promise<string> {
  try {
    const answer = await api.get('/drills?limit=1')
    const body = (await answer.json().catch(() => null)) as { drills?: unknown } | null
    if (answer.status !== 200) return `HTTP ${answer.status}`
    return Array.isArray(body?.drills) ? '' : 'HTTP 200 without a list of drills'
  } catch (error) {
    return wordsOf(error)
  }
}

function adviceOf(seen: string): string {
  if (seen === 'HTTP 401' || seen === 'HTTP 403')
    return 'The host cannot read its keys, or refuses this caller: see AzureWebJobsStorage__accountName, allowedCallers and apiAuth'
  if (seen === 'HTTP 404') return 'The app has no functions: see its log for the error at its start'
  return 'See the log of the app: a missing or malformed setting stops it at its start, with all of them named'
}

// ---- Drill ------------------------------------------------------------------------------------------------------------

const POLL_MS = 10_000
/** An app that answers nothing for so long is not polled any more. */
const MAX_SILENCE_MS = 5 * 60_000

/** The exit code of the verdict. The results are kept like those of a drill on this machine. */
export async function drillInAzure(release: Release): Promise<number> {
  const { request } = release.options
  const body: unknown = request === null ? { migrate: true } : JSON.parse(readFileSync(request, 'utf8'))
  const drillId = await (await connect(release)).start(body)
  release.say(`drill ${drillId} started`)
  const end = await follow(release, drillId)
  const api = await connect(release)
  const report = await fetchReport(api, drillId)
  if (report === null) throw new CannotRun(`Drill ${drillId} ended without a report: ${end}`)
  const kept = await keepFiles(api, drillId, resolve(release.options.out))
  for (const line of [...verdictLines(report), ...keptLines(kept)]) release.say(line)
  return exitCodeOf(report)
}

const connect = async (release: Release): Promise<DrillApi> => {
  const { url, headers } = await apiOf(release)
  return createDrillApi(url, headers)
}

/** A token lives for about an hour, and a drill for up to five: after a failed call the next one has a new token. */
async function follow(release: Release, drillId: string): Promise<string> {
  let api: DrillApi | null = null
  let phase = ''
  let silentMs = 0
  for (;;) {
    api ??= await connect(release).catch(() => null)
    const status: DrillStatus | null = (await api?.status(drillId).catch(() => null)) ?? null
    if (status === null) api = null
    silentMs = status === null ? silentMs + POLL_MS : 0
    if (silentMs > MAX_SILENCE_MS) throw new CannotRun(`The app does not answer about drill ${drillId} any more`)
    const now = status?.progress?.phase ?? phase
    if (now !== phase) release.say(`drill ${drillId}: ${now}`)
    phase = now
    if (status?.state === 'finished' || status?.state === 'failed') return status.error ?? status.state
    await release.pause(POLL_MS)
  }
}
