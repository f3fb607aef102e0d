/** ledger.json must be enough, with the table at hand, to do the audit again by other means than ours. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Report } from '../../../functions/model/report.ts'
import { renderLedgerJson } from '../../../functions/render/views.ts'
import { aDrillPlan, someLoad } from '../../support/builders.ts'
import { aRun, assembledOf, type Run } from '../../support/world.ts'

interface LedgerFile {
  readonly ledger: Report['ledger']
  readonly rangesFormat: string
  readonly ranges: readonly string[] | null
}

async function ledgerFileOf(run: Run, transactions: 'ledger' | 'compat' = 'ledger'): Promise<LedgerFile> {
  const plan = aDrillPlan({ load: someLoad({ ...run.load, transactions }) })
  const { report, charts } = await assembledOf(run, { plan, loadPlan: null })
  return JSON.parse(renderLedgerJson({ report, ...charts }))
}

const anEvent = (durationSeconds = 90): Run =>
  aRun({
    load: { workers: 6, containers: 2, durationSeconds },
    troubles: [{ atSeconds: 30.35, seconds: 3, kind: 'failover', arrivals: 'refused', stragglers: { 2: 1.5 } }],
  })

/** Every key of the file, and its outcome. */
function expand(ranges: readonly string[]): Map<string, string> {
  const outcomes = new Map<string, string>()
  for (const line of ranges) {
    const [worker = '', span = '', outcome = ''] = line.split(':')
    const [first = 0, last = 0] = span.split('-').map(Number)
    for (let seq = first; seq <= last; seq++) outcomes.set(`${worker}:${seq}`, outcome)
  }
  return outcomes
}

test('ledger.json has the outcome of every key that was sent, and of no other', async () => {
  const run = anEvent()
  const { ranges, rangesFormat } = await ledgerFileOf(run)
  expect(rangesFormat).toBe('worker:first-last:outcome')
  const sent = run.keys.map(({ worker, seq, outcome }) => [`${worker}:${seq}`, outcome] as const)
  expect(new Set(sent.map(([, outcome]) => outcome))).toEqual(new Set(['acknowledged', 'refused', 'unknown']))
  expect(Object.fromEntries(expand(ranges ?? []))).toEqual(Object.fromEntries(sent))
})

test('the digest is that of the ranges in the file', async () => {
  const { ledger, ranges } = await ledgerFileOf(anEvent())
  const hash = createHash('sha256').update((ranges ?? []).map((line) => `${line}\n`).join(''))
  expect(ledger.digest).toBe(hash.digest('hex'))
})

test('a sceptic with the table and this file finds the same lost, recovered and unexpected rows', async () => {
  const run = anEvent()
  const acknowledged = run.keys.filter(({ outcome }) => outcome === 'acknowledged')
  const gone = acknowledged.slice(100, 103).map(({ worker, seq }) => `${worker}:${seq}`)
  for (const key of gone) run.rows.delete(key)
  run.rows.set('5:9000000', 1)
  const { ledger, ranges } = await ledgerFileOf(run)
  const reported = expand(ranges ?? [])
  const present = (outcome: string) => [...reported].filter(([key, one]) => one === outcome && run.rows.has(key)).length
  const lost = [...reported].filter(([key, outcome]) => outcome === 'acknowledged' && !run.rows.has(key))
  expect(lost.map(([key]) => key).sort()).toEqual([...gone].sort())
  expect(ledger).toMatchObject({
    lost: lost.length,
    recovered: present('unknown'),
    misjudged: present('refused'),
    unexpected: [...run.rows.keys()].filter((key) => !reported.has(key)).length,
  })
  expect([...ledger.lostKeys].sort()).toEqual([...gone].sort())
})

test('a ledger of a few exceptions stays small, however many commits there were', async () => {
  const short = await ledgerFileOf(anEvent())
  const long = await ledgerFileOf(anEvent(300))
  expect(long.ledger.acknowledged).toBeGreaterThan(2 * short.ledger.acknowledged)
  expect(long.ranges?.length).toBe(short.ranges?.length)
})

test('a drill on the plain table has no ledger, and its file does not pretend to have one', async () => {
  const { ledger, ranges } = await ledgerFileOf(anEvent(), 'compat')
  expect([ledger.digest, ranges]).toEqual([null, null])
})
