import { expect, test } from 'vitest'
import { renderClientsCsv } from '../../../functions/render/csv.ts'
import { renderHtml } from '../../../functions/render/html/page.ts'
import { renderMarkdown } from '../../../functions/render/markdown.ts'
import { type ClientName, documentedSettings } from '../../../loadgen-image/contract/clients/known-clients.ts'
import { cohortOf } from '../../../loadgen-image/contract/cohort.ts'
import type { Cohort } from '../../../loadgen-image/contract/load-plan.ts'
import { aCohort } from '../../support/builders.ts'
import { aRun, assembledOf, reportOf } from '../../support/world.ts'

const COHORTS: readonly Cohort[] = [
  aCohort({}, { name: 'eager', share: 0.5 }),
  aCohort({ firstDelayMs: 5000, maxDelayMs: 60_000, jitter: false }, { name: 'patient', share: 0.5, via: 'direct' }),
]
const WORKERS = 10
const SLOWER_BY_SECONDS = 6

test('the report compares the recovery of the cohorts, each by its own workers', async () => {
  const workers = Array.from({ length: WORKERS }, (_, worker) => worker)
  const patient = workers.filter((worker) => cohortOf(COHORTS, worker).name === 'patient')
  const run = aRun({
    load: { workers: WORKERS, cohorts: COHORTS },
    troubles: [
      {
        atSeconds: 30.35,
        seconds: 5,
        kind: 'failover',
        stragglers: Object.fromEntries(patient.map((worker) => [worker, SLOWER_BY_SECONDS])),
      },
    ],
  })
  const { report, charts } = await assembledOf(run)
  const [eager, slow] = report.generator.cohorts
  expect(report.generator.cohorts.map((row) => [row.name, row.via, row.retry, row.workers])).toEqual([
    ['eager', 'pgbouncer', '100 ms, x 2 up to 2000 ms, full jitter', WORKERS - patient.length],
    ['patient', 'direct', '5000 ms, x 2 up to 60000 ms', patient.length],
  ])
  expect((eager?.acknowledged ?? 0) + (slow?.acknowledged ?? 0)).toBe(report.ledger.acknowledged)
  const apart = (slow?.clientOutageSeconds.p50 ?? 0) - (eager?.clientOutageSeconds.p50 ?? 0)
  expect(apart).toBeGreaterThan(SLOWER_BY_SECONDS - 1)
  expect(eager?.clientOutageSeconds.max).toBeLessThan(slow?.clientOutageSeconds.p50 ?? 0)
  const namedRightly = charts.clients.every(({ worker, cohort }) => cohort === cohortOf(COHORTS, worker).name)
  expect([charts.clients.length, namedRightly]).toEqual([WORKERS, true])
})

test('the compat load keeps no ledger: what a cohort had acknowledged is not measured, and not 0', async () => {
  const run = aRun({ load: { workers: WORKERS, cohorts: COHORTS, transactions: 'compat' } })
  const report = await reportOf(run)
  expect(report.generator.cohorts.map(({ acknowledged }) => acknowledged)).toEqual([null, null])
})

// ---- Named clients --------------------------------------------------------------------------------------------------

const named = (client: ClientName, own: Partial<Cohort> = {}): Cohort => ({
  ...aCohort({}, { name: client, share: 0.5, client }),
  ...documentedSettings(client),
  ...own,
})
const CLIENTS = [
  named('pgjdbc with HikariCP'),
  named('Azure guidance 5 s to 60 s', { via: 'direct', replyTimeoutMs: 7_000 }),
] as const
const late = Array.from({ length: WORKERS }, (_, worker) => worker).filter(
  (worker) => cohortOf(CLIENTS, worker) === CLIENTS[1],
)

const lateBy = (seconds: number, workers = late) => Object.fromEntries(workers.map((worker) => [worker, seconds]))
const aComparison = (seconds = 5, stragglers = lateBy(SLOWER_BY_SECONDS)) =>
  assembledOf(
    aRun({
      load: { workers: WORKERS, cohorts: CLIENTS },
      troubles: [
        {
          atSeconds: 30.35,
          seconds,
          kind: 'failover',
          stragglers,
        },
      ],
    }),
  )

test('a named client is reported with each setting, its origin, and the return of its last client after T2', async () => {
  const { report } = await aComparison()
  const [hikari, azure] = report.generator.cohorts
  expect([hikari?.client, azure?.client]).toEqual(CLIENTS.map(({ name }) => name))
  expect(hikari?.settings.map(({ name, value, origin }) => [name, value, origin])).toEqual([
    ['connect timeout', '10,000 ms', 'documentation'],
    ['reply timeout', 'none', 'documentation'],
    ['back-off', '10 ms, x 2 up to 5000 ms', 'documentation'],
    ['address cache', '30,000 ms', 'documentation'],
    ['TCP keepalive', 'none', 'documentation'],
    ['check before use', 'after 500 ms idle, for 5,000 ms', 'documentation'],
  ])
  expect(azure?.settings.map(({ name, origin, source }) => [name, origin, source !== null])).toEqual([
    ['connect timeout', 'load', false],
    ['reply timeout', 'request', false],
    ['back-off', 'documentation', true],
    ['address cache', 'load', false],
    ['TCP keepalive', 'load', false],
    ['check before use', 'load', false],
  ])
  const { t2, t3 } = report.moments
  expect(azure?.returnAfterT2Seconds).toBeCloseTo((Date.parse(t3 ?? '') - Date.parse(t2 ?? '')) / 1000, 2)
  expect(azure?.returnAfterT2Seconds).toBeGreaterThan(SLOWER_BY_SECONDS - 1)
  expect(hikari?.returnAfterT2Seconds).toBeLessThan(1)
  expect(azure).toMatchObject({ clients: late.length, neverBack: 0, notMeasured: 0, stillWaiting: 0 })
})

test('the files name the client of each row, and the documentation of each setting', async () => {
  const { report, charts } = await aComparison()
  const [head = '', ...rows] = renderClientsCsv(charts.clients).trim().split('\n')
  const at = head.trim().split(',').indexOf('client')
  expect(new Set(rows.map((row) => row.split(',')[at]))).toEqual(new Set(CLIENTS.map(({ name }) => name)))
  const markdown = renderMarkdown(report)
  expect(markdown).toContain('## Cohorts')
  expect(markdown).toMatch(/pgjdbc with HikariCP \| address cache \| 30,000 ms \| networkaddress\.cache\.ttl/)
  expect(markdown).toMatch(/Azure guidance 5 s to 60 s \| reply timeout \| 7,000 ms \| set by the request/)
})

test('the page shows what each named client saw, and the documentation of its settings', async () => {
  const { report, charts } = await aComparison()
  const page = renderHtml({ report, ...charts })
  expect(page).toContain('Last back after T2')
  expect(page).toContain('What the named clients do, and where that is documented')
  expect(page).toContain('networkaddress.cache.ttl')
})

test('one client that never came back leaves its cohort without a return, and the others with their outage', async () => {
  const { report } = await aComparison(5, lateBy(500, late.slice(0, 1)))
  const azure = report.generator.cohorts[1]
  expect(azure).toMatchObject({ neverBack: 1, returnAfterT2Seconds: null, clients: late.length })
  expect(azure?.clientOutageSeconds).toMatchObject({ p50: expect.any(Number), max: null })
})

test('clients that never came back have no return, and the texts say so', async () => {
  const { report } = await aComparison(500)
  const [hikari] = report.generator.cohorts
  expect(hikari).toMatchObject({ neverBack: hikari?.workers, returnAfterT2Seconds: null })
  expect(hikari?.clientOutageSeconds.max).toBeNull()
  expect(renderMarkdown(report)).toMatch(
    /pgjdbc with HikariCP \| pgbouncer .*\| not back \| not back \| not back \| \d+ not back/,
  )
})
