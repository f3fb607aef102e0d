/** Each poll of a running load reads what was appended since the one before, and nothing twice. */
import { expect, test } from 'vitest'
import { readNewRecords } from '../../../functions/activities/records/load-records.ts'
import type { LiveRecord } from '../../../functions/live/live.ts'
import { applicationsOf } from '../../../functions/live/live-applications.ts'
import { waysOf } from '../../../functions/live/live-ways.ts'
import { appProbeBlob, encodeAppRecord } from '../../../loadgen-image/contract/app-probe.ts'
import { blobNames } from '../../../loadgen-image/contract/glossary.ts'
import { encodeProbeRecord, type ProbeRecord } from '../../../loadgen-image/contract/step-probe.ts'
import { anAppProbe, appRecords } from '../../support/app-records.ts'
import { LOAD_START_MS } from '../../support/builders.ts'
import { MemoryBlobs } from '../../support/memory-blobs.ts'
import { NO_WATCH } from '../../support/watch-records.ts'

test('the records of an application are read once, poll by poll', async () => {
  const blobs = new MemoryBlobs(() => LOAD_START_MS)
  const course = { container: 0, containers: 1, incarnation: 'a', offsetUs: 0 }
  const times = { startUs: LOAD_START_MS * 1000, endUs: (LOAD_START_MS + 15_000) * 1000 }
  const isAway = (atUs: number) => atUs >= (LOAD_START_MS + 8_000) * 1000
  const records = appRecords(
    anAppProbe(),
    { ...course, ...times },
    { errorAt: (atUs) => (isAway(atUs) ? 'timeout' : null) },
  )
  let previous: LiveRecord | null = null
  const seen = []
  for (const record of records) {
    blobs.append(appProbeBlob('drill-1', 0, 'a', 0), encodeAppRecord(record))
    const { state } = await readNewRecords(blobs, 'drill-1', previous)
    seen.push(...applicationsOf(state.applications, LOAD_START_MS))
    previous = { state } as LiveRecord
  }
  expect(seen).toEqual([
    { name: 'checkout', second: 5, good: 20, failed: 0, failingSeconds: null },
    { name: 'checkout', second: 10, good: 32, failed: 8, failingSeconds: 2 },
    { name: 'checkout', second: 15, good: 32, failed: 28, failingSeconds: 7 },
  ])
})

test('the records of a step probe are read once, poll by poll', async () => {
  const blobs = new MemoryBlobs(() => LOAD_START_MS)
  const at = (second: number) => (LOAD_START_MS + second * 1000) * 1000
  const record = (second: number): ProbeRecord => ({
    ...{ second: LOAD_START_MS / 1000 + second, container: 0, incarnation: 'a', ways: ['direct'], problem: '' },
    ...{ attempts: [], names: [], stalls: [], watch: NO_WATCH },
    steady: [{ way: 'direct', fromUs: at(second), toUs: at(second + 4.9), writes: 50 }],
  })
  let previous: LiveRecord | null = null
  const seen = []
  for (const second of [0, 5, 10]) {
    blobs.append(blobNames.stepProbe('drill-1', 0, 'a', 0), encodeProbeRecord(record(second)))
    const { state } = await readNewRecords(blobs, 'drill-1', previous)
    seen.push(...waysOf(state.ways, LOAD_START_MS))
    previous = { state } as LiveRecord
  }
  expect(seen.map(({ way, state, second, seconds }) => [way, state, second, seconds])).toEqual(
    [4.9, 9.9, 14.9].map((second) => ['direct', 'wrote', second, second]),
  )
})
