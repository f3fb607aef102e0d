/** The probed applications in the form of the report, and in words beside the database. */

import { DEAD_CONNECTION, statusOfCode } from '../../loadgen-image/contract/app-probe.ts'
import { Histogram } from '../../loadgen-image/contract/histogram.ts'
import type { Analysis } from '../analysis/analysis.ts'
import type { AppEvent, ApplicationAnalysis, AppOutage } from '../analysis/applications.ts'
import { percentilesOf } from '../measurement/latency.ts'
import { addPacked } from '../merge/histograms.ts'
import type { Application, ApplicationEvent, ApplicationOutage } from '../model/probes/application.ts'
import type { DrillEvent } from '../model/report.ts'
import { round } from '../units/statistics.ts'
import { duration, isoOfUs, seconds, secondsBetween } from '../units/units.ts'
import { meaningOf } from './error-meanings.ts'

const MAX_OUTAGES = 1_000

/** A drill that probes none has none; one whose load did not run has them without figures. */
export const applicationsOfReport = ({ evidence, load }: Analysis, events: readonly DrillEvent[]): Application[] =>
  load === null
    ? evidence.plan.probes.map((probe) => applicationOf(notObserved(probe), []))
    : load.applications.map((application) => applicationOf(application, events))

const notObserved = (probe: ApplicationAnalysis['probe']): ApplicationAnalysis => ({
  probe,
  merged: null,
  planned: 0,
  good: 0,
  failed: 0,
  hiddenUs: 0,
  outages: [],
  events: [],
})

function applicationOf(one: ApplicationAnalysis, events: readonly DrillEvent[]): Application {
  const { probe, merged, planned, good, failed } = one
  const { name, url, method, expectStatus, everyMs, timeoutMs } = probe
  return {
    name,
    url,
    method,
    expectStatus,
    everyMs,
    timeoutMs,
    containers: merged?.containers.length ?? 0,
    requests: { planned, good, failed, notObserved: planned - good - failed },
    availability: good + failed === 0 ? null : good / (good + failed),
    responseMs: responseOf(one),
    notObservedSeconds: round(one.hiddenUs / 1e6, 3),
    errors: Object.entries(merged?.errors ?? {}).map(([code, count]) => ({
      code,
      meaning: meaningOfCode(code),
      count,
    })),
    events: one.events.map((event) => eventOf(event, name, events)),
    outages: one.outages.slice(0, MAX_OUTAGES).map(outageOf),
  }
}

function responseOf({ merged }: ApplicationAnalysis): Application['responseMs'] {
  const histogram = new Histogram()
  if (merged !== null) addPacked(histogram, merged.response)
  const { p50, p95, p99, max } = percentilesOf({ histogram, censored: 0, lowerBoundMs: 0 })
  return { p50, p95, p99, max }
}

const spanOf = (fromUs: number, toUs: number): number => secondsBetween(fromUs, Math.max(fromUs, toUs)) ?? 0

const outageOf = ({
  container,
  fromUs,
  lastFailedUs,
  toUs,
  end,
  isExact,
  failed,
  code,
  lastCode,
  event,
}: AppOutage): ApplicationOutage => ({
  container,
  fromAt: isoOfUs(fromUs),
  toAt: isoOfUs(toUs),
  seconds: isExact ? secondsBetween(fromUs, toUs) : null,
  atLeastSeconds: spanOf(fromUs, lastFailedUs),
  end,
  failed,
  code,
  lastCode,
  event,
})

function eventOf(app: AppEvent, name: string, events: readonly DrillEvent[]): ApplicationEvent {
  const database = events.find(({ number }) => number === app.event)
  const lengths = app.outages.map(outageOf)
  const isExact = app.state !== 'not measured' && lengths.every(({ seconds: length }) => length !== null)
  const recoverySeconds = app.state === 'uninterrupted' ? 0 : secondsBetween(app.zeroUs, app.backUs)
  const figures = {
    event: app.event,
    state: app.state,
    outageSeconds: isExact ? Math.max(0, ...lengths.map(({ seconds: length }) => length ?? 0)) : null,
    recoverySeconds,
    atLeastSeconds: recoverySeconds ?? spanOf(app.zeroUs, app.notBeforeUs),
    beyondDatabaseSeconds: app.beyond === null ? null : round(app.beyond.openUs / 1e6, 3),
    databaseSeconds: database?.recovery.recoveryTimeSeconds ?? null,
  }
  const advice = beyondAdvice(app, name, database) ?? (isProbed(database) ? null : behindAdvice(figures))
  return { ...figures, sentence: sentenceOf(figures, name, database), advice }
}

// ---- Words ----------------------------------------------------------------------------------------------------------

type Figures = Omit<ApplicationEvent, 'sentence' | 'advice'>

/** 31.2 s; 2 min 12 s. */
const inWords = (value: number): string => (value < 60 ? seconds(value) : duration(value))

function sentenceOf(figures: Figures, name: string, database: DrillEvent | undefined): string {
  const { state, recoverySeconds, atLeastSeconds } = figures
  const first = databaseWords(database)
  switch (state) {
    case 'back':
      return figures.databaseSeconds === null
        ? `${first}; ${name} was back after ${inWords(recoverySeconds ?? 0)}.`
        : `${first}, ${name} after ${inWords(recoverySeconds ?? 0)}.`
    case 'uninterrupted':
      return `${first}; no request to ${name} failed.`
    case 'out':
      return `${first}; ${name} was not back when the load ended.`
    case 'not sustained':
      return `${first}; ${name} answered again after ${inWords(atLeastSeconds)}, and whether it stayed so was not seen.`
    case 'not measured':
      return `${first}; when ${name} was back was not measured${atLeastSeconds > 0 ? `: after ${inWords(atLeastSeconds)} or later` : ''}.`
  }
}

function databaseWords(database: DrillEvent | undefined): string {
  const back = database?.recovery.recoveryTimeSeconds ?? null
  if (back !== null) return `The database was back after ${inWords(back)}`
  if (database?.service === 'uninterrupted') return 'The clients of the database saw no outage'
  return database?.service === 'out'
    ? 'The database was not back when the load, or its event, ended'
    : 'The recovery time of the database was not measured'
}

/** Below this an application is as fast as the database, by the precision of its probe. */
const BEHIND_SECONDS = 1

/** While it failed, the database took writes: what the application itself gave as the reason, if it gave one. */
function beyondAdvice({ beyond }: AppEvent, name: string, database: DrillEvent | undefined): string | null {
  if (beyond === null || beyond.openUs / 1e6 < BEHIND_SECONDS) return null
  const ways = (database?.ways.length ?? 0) > 1 ? ', straight and through PgBouncer' : ''
  const measured = `In an outage of ${inWords(beyond.outageUs / 1e6)}, ${name} failed for ${inWords(beyond.openUs / 1e6)} while a new connection could write${ways}; its last failed request ended with ${wordsOfCode(beyond.lastCode)}.`
  return `${measured} ${statusOfCode(beyond.lastCode)?.reason === DEAD_CONNECTION ? POOL_ADVICE : WHERE_TO_LOOK}`
}

/** Then what a new connection met is known, and says more than when the load's clients were back. */
const isProbed = (database: DrillEvent | undefined): boolean =>
  database !== undefined &&
  database.ways.length > 0 &&
  database.ways.every(({ notMeasuredWhy }) => notMeasuredWhy === null)

const POOL_ADVICE =
  'By that word the application says that its pool handed out a connection that had broken before. Let the pool validate a connection before it hands it out, or drop it at its first error.'
const WHERE_TO_LOOK =
  'Look at the application, and at what lies between it and the database: a pool that hands out connections without validation, its back-off, a cached address.'

function wordsOfCode(code: string): string {
  const answer = statusOfCode(code)
  if (answer === null) return code
  return `status ${answer.status}${answer.reason === null ? '' : ` and the reason "${answer.reason}"`}`
}

function behindAdvice({ state, recoverySeconds, databaseSeconds }: Figures): string | null {
  if (state !== 'back' || recoverySeconds === null || databaseSeconds === null) return null
  const behind = recoverySeconds - databaseSeconds
  if (behind <= BEHIND_SECONDS) return null
  return `It was back ${inWords(behind)} after the load's clients had full service again. ${WHERE_TO_LOOK}`
}

function meaningOfCode(code: string): string {
  const answer = statusOfCode(code)
  if (answer !== null)
    return `the application answered with status ${answer.status}${answer.reason === null ? '' : `, and gave the reason ${answer.reason}`}`
  if (/CERT|SIGNED|_TLS_|SSL/.test(code)) return 'the certificate or the encryption of the connection was not accepted'
  return MEANINGS[code] ?? meaningOf(code)
}

const MEANINGS: Readonly<Record<string, string>> = {
  timeout: 'the answer was not complete in time',
  'address-not-allowed': 'not sent: the name of the host led to an address that probes must not reach',
  'answer-too-long': 'the answer was longer than 16 MiB',
  ECONNREFUSED: 'no process accepted connections at the port',
  ECONNRESET: 'the connection was closed before the answer was complete',
  ENOTFOUND: 'the name of the host was not found',
}
