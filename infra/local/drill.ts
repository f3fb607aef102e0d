/** A drill or a campaign on this machine: starts the local stack, runs it there, and leaves the report. */
import { resolve } from 'node:path'
import type { DrillStatus } from '../../functions/model/status.ts'
import { type Weather, weatherOf } from './azure/arm/weather.ts'
import { fallenLines, forecastLines, WEATHER_FILE, weatherFile } from './azure/arm/weather-words.ts'
import { runCampaign } from './cli/campaign.ts'
import { campaignBody, hasReplica, heldFromSeconds, loadWords, planOf, requestBody } from './cli/drill-body.ts'
import { createDrillApi } from './cli/drill-client.ts'
import type { DrillOptions } from './cli/drill-options.ts'
import { createProgressView, type ProgressView, terminalOf } from './cli/drill-progress.ts'
import { courseHere } from './cli/follow.ts'
import { type Beside, type Run, runDrill } from './cli/run.ts'
import { requireDotnet } from './functions-host/durable-extension/build.ts'
import { requirePrograms } from './install.ts'
import type { Lifetime } from './process/lifetime.ts'
import { wordsOf } from './process/problem.ts'
import { requireSpace, requireWritable } from './process/stack-folder.ts'
import { requireAzureHost } from './stack/functions-host.ts'
import { type ReplicaOptions, type Stack, startStack } from './stack/stack.ts'

const RESULTS_MB = 100

export async function drillHere(options: DrillOptions, lifetime: Lifetime): Promise<number> {
  const out = resolve(options.out)
  requireWritable(out, 'Give another folder with --out')
  requireSpace(out, RESULTS_MB, 'the report', 'give another folder with --out')
  if (options.host === 'functions') requireAzureHost()
  if (options.host === 'durable') await requireDotnet()
  const view = createProgressView(terminalOf(process.stdout), planOf(options).load.durationSeconds)
  const programs = requirePrograms({ forTests: false, say: view.note })
  view.note(
    'Starting PostgreSQL (primary and standby), PgBouncer, storage, the Azure endpoint and the Functions host ...',
  )
  const weather = weatherIn(options)
  if (weather !== null) view.note(forecastLines(weather).join('\n'))
  const stack = await startStack(
    {
      programs,
      replication: options.replication,
      replica: replicaOf(options),
      scalingPath: options.scaling === 'in-place' ? 'in place' : 'switch',
      host: options.host,
      apiPort: null,
      platformPauseMs: options.platformPauseSeconds * 1000,
      weather,
      app: options.package,
      loadgen: options.loadgen,
      withApp: options.withApp,
      keep: options.keep,
      say: view.note,
    },
    lifetime,
  )
  try {
    return await Promise.race([run(stack, { ...options, out }, view, lifetime.signal), stack.broken])
  } finally {
    view.end()
    await stack.stop()
  }
}

function run(stack: Stack, options: DrillOptions, view: ProgressView, signal: AbortSignal): Promise<number> {
  const api = createDrillApi(stack.apiUrl, stack.functionKey)
  const plan = planOf(options)
  const own: Run = {
    api,
    poll: api,
    terminal: terminalOf(process.stdout),
    loadSeconds: plan.load.durationSeconds,
    course: () => courseHere(options.repeat > 1 ? 'campaign' : 'drill'),
    signal,
    out: options.out,
    withoutReport: 'Run it again with --keep and see the logs',
    beside: () => weatherOfRun(options, stack),
  }
  const appUrl = stack.exampleApp?.url
  if (options.repeat > 1) return runCampaign(own, campaignBody(options, appUrl))
  if (stack.exampleApp !== null) view.note(`The example application: POST ${stack.exampleApp.url}/checkout`)
  return runDrill(
    { ...own, view, words: loadWords(plan), onStatus: holdingBack(stack, options, view) },
    requestBody(options, appUrl),
  )
}

function weatherOfRun(options: DrillOptions, { endpoint: { fallen } }: Stack): Beside {
  const weather = weatherIn(options)
  if (weather === null) return { lines: [], files: {} }
  return { lines: fallenLines(weather, fallen), files: { [WEATHER_FILE]: weatherFile(weather, fallen) } }
}

const replicaOf = (options: DrillOptions): ReplicaOptions | null =>
  hasReplica(options) ? { holdBackMs: (options.holdBackSeconds ?? 0) * 1000, hasPgBouncer: true } : null

const weatherIn = ({ weather }: DrillOptions): Weather | null => (weather === null ? null : weatherOf(weather))

/** Plans the hold of the standby when the first status names the start of the load. */
function holdingBack(stack: Stack, options: DrillOptions, view: ProgressView): (status: DrillStatus) => void {
  const heldFrom = heldFromSeconds(options)
  let isPlanned = false
  return ({ progress }) => {
    const startAtMs = progress?.loadStartAtMs ?? null
    if (isPlanned || heldFrom === null || startAtMs === null) return
    isPlanned = true
    const holdAtMs = startAtMs + heldFrom * 1000
    const hold = () =>
      stack.cluster.pair.holdStandbyBack().then(
        () => view.note('The standby is held back: it receives no WAL from now on.'),
        (error: unknown) => view.note(`The standby could not be held back: ${wordsOf(error)}`),
      )
    setTimeout(hold, Math.max(0, holdAtMs - Date.now())).unref()
  }
}
