/** A whole drill reads the WAL position while its load runs, and its report sets the estimate of the replay beside the outage. */
import { expect, test } from 'vitest'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import { renderers } from '../../functions/render/formats.ts'
import { type DrillPlayOptions, playRequest } from '../support/play-drill.ts'
import { START_AT_MS, WAL, type WorldOptions } from '../support/world/world.ts'

const drillOf = async (options: WorldOptions = {}, play: DrillPlayOptions = {}) => {
  const { report, world } = await playRequest({}, options, play)
  if (report === null) throw new Error('the drill left no report')
  return { report, world }
}

test('rate, age of the checkpoint and WAL since its redo point are those of the server at the event', async () => {
  const { report } = await drillOf()
  const [event] = report.events
  const replay = event?.replay
  const { bytesPerSecond, checkpointEverySeconds } = WAL
  const age = ((Date.parse(event?.moments.t0 ?? '') - START_AT_MS) / 1000) % checkpointEverySeconds
  expect(report.verdict).toBe('PASS')
  expect(replay).toMatchObject({ isEstimate: true, missing: null })
  expect(replay?.walBytesPerSecond).toBeCloseTo(bytesPerSecond, -3)
  expect(replay?.sinceCheckpointSeconds).toBeCloseTo(age, 1)
  expect(replay?.sinceRedoBytes).toBeCloseTo(age * bytesPerSecond, -6)
  expect(replay?.seconds?.slow).toBeCloseTo((replay?.sinceRedoBytes ?? 0) / 40e6, 2)
  expect(replay?.measuredOutageSeconds).toBe(event?.recovery.writeOutageSeconds)
  expect(replay?.sentence).toMatch(
    /the rate at which the server wrote WAL was 3 MB\/s; .* Estimate: .* a speed that is assumed\. .* measured write outage: /,
  )
})

test('the page and the Markdown show it, marked as an estimate', async () => {
  const chosen = renderers.filter(({ name }) => ['report.json', 'report.md', 'report.html'].includes(name))
  const { report, world } = await drillOf({}, { renderers: chosen })
  const sentence = report.events[0]?.replay?.sentence ?? 'none'
  const file = async (name: string) =>
    Buffer.from((await world.blobs.readFrom(drillBlobs.report('drill-1', name), 0)) ?? []).toString('utf8')
  expect(await file('report.md')).toContain('## Replay, an estimate')
  expect(await file('report.html')).toContain('Replay, an estimate')
  expect(await file('report.html')).toContain(sentence.slice(0, 60))
})

test('a role that may not read the checkpoint gets the rate alone, and the reason', async () => {
  const refused = { sinceRedoBytes: null, sinceCheckpointSeconds: null, checkpointProblem: '42501' }
  const { report } = await drillOf({ walPosition: () => refused })
  const replay = report.events[0]?.replay
  expect(replay).toMatchObject({ sinceRedoBytes: null, sinceCheckpointSeconds: null, seconds: null })
  expect(replay?.walBytesPerSecond).toBeGreaterThan(0)
  expect(replay?.sentence).toContain(
    'the WAL since its redo point was not measured (pg_control_checkpoint() was refused (42501)).',
  )
  expect(replay?.sentence).toContain('pg_control_checkpoint() was refused (42501)')
  expect(replay?.sentence).not.toContain('Estimate:')
})

test('a database that never answers the question changes no figure of the drill', async () => {
  const silent = () => {
    throw new Error('57014: canceling statement')
  }
  const [without, usual] = [await drillOf({ walPosition: silent }), await drillOf()]
  const replay = without.report.events[0]?.replay
  expect([replay?.walBytesPerSecond, replay?.seconds]).toEqual([null, null])
  expect(replay?.missing).toContain('was not read')
  expect(without.report.recovery).toEqual(usual.report.recovery)
})

test('an outage of which nothing shows that a server was promoted or started has no estimate', async () => {
  const { report } = await drillOf({ server: { troubles: [{ kind: 'storage', atSecond: 30, seconds: 3 }] } })
  const outages = report.events.filter(({ kind }) => kind === 'outage')
  expect(outages.length).toBeGreaterThan(0)
  expect(outages.every(({ replay }) => replay === null)).toBe(true)
})
