/**
 * What a default drill costs on the Durable extension of Azure: turns, history events, storage transactions and log lines; and the
 * storage transactions of an idle host. Counted in the requests that Azurite logs, the tables of the extension, and the host's log.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Report } from '../../functions/model/report.ts'
import { parseDrillOptions, requestBody } from '../../infra/local/cli/drill-body.ts'
import { createDrillApi } from '../../infra/local/cli/drill-client.ts'
import type { DrillOptions } from '../../infra/local/cli/drill-options.ts'
import { findDotnet } from '../../infra/local/functions-host/durable-extension/build.ts'
import type { Stack } from '../../infra/local/stack/stack.ts'
import { eventually } from '../support/eventually.ts'
import { countsOf, historyIn, requestsIn } from '../support/hub-storage.ts'
import { timeouts } from '../support/timeouts.ts'
import { openStack } from '../support/with-stack.ts'
import { atMost, type BenchResult, information } from './spread.ts'

const MAX_TURNS = 99
const MAX_LOG_LINES = 299
const PLATFORM_PAUSE_MS = 2_000
/** Without work the extension polls its queues ever less often, down to maxQueuePollingInterval. */
const SETTLE_MS = 30_000
const IDLE_MS = 120_000
/** The timers of limits that were not needed fire up to two minutes later, and belong to the drill. */
const AFTER_MS = 130_000
const DAY_MS = 86_400_000

export async function benchEngine(): Promise<BenchResult> {
  if ((await findDotnet()) === null)
    return { lines: [information('not measured', 'there is no .NET SDK 10 on this machine')], figures: null }
  const stack = await openStack({ host: 'durable', platformPauseMs: PLATFORM_PAUSE_MS })
  try {
    return await measure(stack)
  } finally {
    await stack.stop()
  }
}

async function measure(stack: Stack): Promise<BenchResult> {
  await sleep(SETTLE_MS)
  const { turns: _, ...idle } = await countsDuring(stack, () => sleep(IDLE_MS))
  const idleDay = mapped(idle, (count) => Math.round((count * DAY_MS) / IDLE_MS))
  const linesBefore = logLinesIn(stack).length
  let drill = { headline: '', historyEvents: 0 }
  const { turns, ...transactions } = await countsDuring(stack, async () => {
    drill = { headline: await runDrill(stack), historyEvents: (await historyIn(stack)).length }
    await sleep(AFTER_MS)
  })
  const logLines = logLinesIn(stack).length - linesBefore
  return {
    lines: [
      information('the drill', drill.headline),
      atMost('turns', turns, MAX_TURNS, String(turns)),
      information('history events', String(drill.historyEvents)),
      atMost('log lines', logLines, MAX_LOG_LINES, String(logLines)),
      information('storage transactions of the drill', countsText(transactions)),
      information('storage transactions of an idle day', countsText(idleDay)),
    ],
    figures: { ...drill, turns, logLines, transactions, idleDay },
  }
}

async function countsDuring(stack: Stack, act: () => Promise<unknown>) {
  const before = requestsIn(stack).length
  await act()
  return countsOf(requestsIn(stack).slice(before))
}

/** The default drill of `npm run drill`. */
async function runDrill(stack: Stack): Promise<string> {
  const api = createDrillApi(stack.apiUrl, stack.functionKey)
  const drillId = await api.start(requestBody(parseDrillOptions([]) as DrillOptions))
  // Seldom, because each look at a status is storage transactions too.
  const hasEnded = async () => ['finished', 'failed'].includes((await api.status(drillId)).state)
  await eventually(`drill ${drillId} ends`, timeouts.drillMs, hasEnded, 10_000)
  const report = await api.file(drillId, 'report.json')
  if (report === null) throw new Error(`drill ${drillId} left no report`)
  const { verdict, headline } = JSON.parse(new TextDecoder().decode(report)) as Report
  return `${verdict}: ${headline}`
}

/** Without the lines of a stack trace. */
const logLinesIn = ({ folder }: Stack): string[] =>
  readFileSync(join(folder, 'functions-host.log'), 'utf8')
    .split('\n')
    .filter((line) => /^\d{4}-\d\d-\d\dT/.test(line))

const countsText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ')

const mapped = <Key extends string>(counts: Record<Key, number>, change: (count: number) => number) =>
  Object.fromEntries(Object.entries<number>(counts).map(([name, count]) => [name, change(count)]))
