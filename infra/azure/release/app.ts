/** The steps `app`, `smoke` and `drill`: the function app, a call that shows that it answers, and a drill in it. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createProgressView, type Terminal } from '../../local/cli/drill-progress.ts'
import { courseFar, type Far, farApi } from '../../local/cli/far.ts'
import { runDrill } from '../../local/cli/run.ts'
import type { Caller } from '../../local/http/call.ts'
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

const PATIENCE_SECONDS = 600

/** The exit code of the verdict. The results are kept like those of a drill on this machine. */
export async function drillInAzure(release: Release): Promise<number> {
  const { request, out } = release.options
  const body: unknown = request === null ? { migrate: true } : JSON.parse(readFileSync(request, 'utf8'))
  const { url, headers } = await apiOf(release)
  const far: Far = {
    host: new URL(url).host,
    apiUrl: url,
    caller: callerOf(release, headers),
    patienceSeconds: PATIENCE_SECONDS,
    say: release.say,
    attach: (id) => `npm run drill -- watch ${id} --app ${url.replace(/\/api$/, '')}`,
  }
  const { api, poll } = farApi(far)
  const terminal: Terminal = { isTTY: false, columns: 120, write: (text) => release.say(text.trimEnd()) }
  return runDrill(
    {
      api,
      poll,
      terminal,
      view: createProgressView(terminal, null),
      loadSeconds: null,
      words: request === null ? "the app's own defaults" : `the request in ${request}`,
      course: (drillId) => courseFar(far, 'drill', drillId),
      signal: new AbortController().signal,
      out: resolve(out),
      withoutReport: 'The log of the app says why',
    },
    body,
  )
}

/** A token lives for about an hour, and a drill for up to five: a refused call is repeated with a new one. */
function callerOf(release: Release, first: Api['headers']): Caller {
  let last = first
  return {
    headers: async (isRefused) => {
      if (isRefused) last = (await apiOf(release)).headers
      return last
    },
    advice: 'See allowedCallers and apiAuth',
  }
}
