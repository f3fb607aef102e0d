import { expect, test } from 'vitest'
import { type Counts, CSV_COLUMNS, type SecondRecord } from '../../../../loadgen-image/contract/glossary.ts'
import { ConsoleTable } from '../../../../loadgen-image/output/console-table.ts'
import { CSV_HEADER, csvRow } from '../../../../loadgen-image/output/csv.ts'
import { aRecord as anyRecord } from '../../../support/builders.ts'

const SECOND = Date.UTC(2026, 2, 4, 5, 6, 7) / 1000

const ERROR = { firstAtUs: 0, lastAtUs: 0, workers: 1, example: '' }

const aRecord = (changes: Partial<SecondRecord> = {}): SecondRecord =>
  anyRecord({
    second: SECOND,
    counts: { intended: 12, acknowledged: 4, refused: 2, unknown: 1, missed: 3, weakAcks: 1 },
    response: [100, 2, 200, 1, 500, 1],
    service: [90, 2, 150, 1, 400, 1],
    sendLag: [10, 6, 60, 1],
    errors: [
      { code: '25006', phase: 'transaction', outcome: 'refused', count: 2, ...ERROR },
      { code: 'ECONNREFUSED', phase: 'connect', outcome: null, count: 5, ...ERROR },
    ],
    connections: { wanted: 4, open: 3, opened: 0, lost: 1 },
    health: { ...anyRecord().health, eventLoopDelayP99Us: 1500 },
    ...changes,
  })

const TOTALS: Counts = { intended: 50, acknowledged: 40, refused: 4, unknown: 1, missed: 5, weakAcks: 1 }

const cells = (record: SecondRecord): Record<string, string> => {
  const values = csvRow(record, TOTALS, (SECOND - 1) * 1000 - 500)
    .trim()
    .split(',')
  return Object.fromEntries(CSV_COLUMNS.map((name, i) => [name, values[i] as string]))
}

test('the header is the contract', () => {
  expect(CSV_HEADER).toBe(`${CSV_COLUMNS.join(',')}\n`)
})

test('a row holds the interval, and totals only where the known columns ask for them', () => {
  expect(cells(aRecord())).toEqual({
    Timestamp: '2026-03-04 05:06:07.000',
    ElapsedSeconds: '2.500',
    TPS: '4',
    TotalTransactions: '45',
    SuccessfulTransactions: '40',
    FailedTransactions: '5',
    P50_Latency_ms: '0.10',
    P95_Latency_ms: '0.50',
    P99_Latency_ms: '0.50',
    Intended: '12',
    Refused: '2',
    Unknown: '1',
    Missed: '3',
    WeakAcks: '1',
    P50_Service_ms: '0.09',
    P99_Service_ms: '0.40',
    P99_SendLag_ms: '0.06',
    OpenConnections: '3',
    EventLoopDelayP99_ms: '1.50',
  })
})

test('in an outage TPS is 0 and percentiles are empty: not measured is not 0', () => {
  const outage = aRecord({
    counts: { intended: 12, acknowledged: 0, refused: 900, unknown: 0, missed: 3, weakAcks: 0 },
    response: [],
    service: [],
    sendLag: [],
  })
  expect(cells(outage)).toMatchObject({ TPS: '0', P50_Latency_ms: '', P99_Latency_ms: '', P99_SendLag_ms: '' })
})

test('the console has one line a second, with what went wrong at its end', () => {
  const [header, line] = new ConsoleTable().line(aRecord(), TOTALS).split('\n')
  expect(header).toMatch(/^Time \(UTC\) +TPS +Intended/)
  expect(line?.split(/\s+/)).toEqual('05:06:07 4 12 40 5 3 0.1 0.5 0.5 3 25006 x2, connect ECONNREFUSED x5'.split(' '))
})

test('the header comes again every 20 lines', () => {
  const table = new ConsoleTable()
  const lines = Array.from({ length: 21 }, () => table.line(aRecord(), TOTALS))
  expect(lines.map((line) => line.includes('\n'))).toEqual(lines.map((_, i) => i % 20 === 0))
})
