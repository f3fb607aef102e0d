/** What the API answers in mid-drill: all seconds of the load, from before anyone asked, and the moments of the failover. */

import { expect, test } from 'vitest'
import { createActivities } from '../../functions/activities/activities.ts'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import type { JournalEntry } from '../../functions/model/report.ts'
import type { DrillProgress, DrillStatus } from '../../functions/model/status.ts'
import { readStatus } from '../../functions/triggers/status.ts'
import { requestsTo } from '../support/builders.ts'
import { FakeOrchestrations } from '../support/fake-orchestrations.ts'
import { aPlan, criteria, playDrill, playRequest, settings } from '../support/play-drill.ts'
import { createWorld, START_AT_MS, usualCourse } from '../support/world/world.ts'

const FAILOVER_AT = 240

test('the first answer in mid-drill has every second, the server metrics and the failover, and each look is small', async () => {
  const world = createWorld()
  const plan = aPlan({ durationSeconds: 300, events: [{ atSeconds: FAILOVER_AT, kind: 'failover', mode: 'forced' }] })
  const orchestrations = new FakeOrchestrations(() => world.clock.now())
  await orchestrations.client.startNew('drill', { instanceId: plan.drillId })
  const instance = orchestrations.instances.get(plan.drillId)
  if (instance) instance.customStatus = { phase: 'watch', note: 'the load runs', live: null }
  const { pollLoad } = createActivities(world.clients, settings)
  let status: DrillStatus | null = null
  let largestLook = 0
  let lookedAt = ''
  const overrides = {
    pollLoad: async (input: { readonly drillId: string }) => {
      const look = await pollLoad(input)
      lookedAt = JSON.stringify(look.live)
      largestLook = Math.max(largestLook, 2 * JSON.stringify(look.live).length)
      if ((look.live.loadSecond ?? 0) >= FAILOVER_AT + 15)
        status ??= await readStatus(world.clients, orchestrations.client, plan.drillId, requestsTo(plan.target))
      return look
    },
  }
  await playDrill(world, plan, { overrides })
  const { history, progress } = status as unknown as DrillStatus
  expect(largestLook).toBeLessThan(16_000)
  // One by one in the status, and not in what the history of the orchestration keeps.
  expect(progress?.live?.generators).toMatchObject([
    { container: 0, state: 'running', newestSecond: expect.any(Number), lastCommitSecond: expect.any(Number) },
    { container: 1, state: 'running' },
  ])
  expect(lookedAt).not.toContain('generators')
  expect(history.map(({ second }) => second).slice(0, 2)).toEqual([0, 1])
  expect(history.length).toBeGreaterThan(FAILOVER_AT)
  expect(progress?.live?.moments?.map(({ moment }) => moment).slice(0, 3)).toEqual(['t0', 't1', 't2'])
  expect(progress?.live?.ways).toMatchObject([
    { way: 'direct', state: 'wrote' },
    { way: 'pgbouncer', state: 'wrote' },
  ])
  expect(progress?.live?.metrics.find(({ name }) => name === 'cpu_percent')?.recent?.length).toBeGreaterThan(1)
})

test('the custom status carries the newest entries of the journal, and stays small', async () => {
  const world = createWorld()
  const { customStatuses, report } = await playDrill(world, aPlan({ criteria }))
  const shown = customStatuses.flatMap(({ value }) => (value as DrillProgress).journal ?? [])
  const steps = (entries: readonly JournalEntry[]) => new Set(entries.map(({ at, step }) => `${at} ${step}`))
  // The report is written before the last steps have ended.
  expect([...steps(shown)]).toEqual(expect.arrayContaining([...steps(report?.journal ?? [])]))
  const largest = Math.max(...customStatuses.map(({ value }) => 2 * JSON.stringify(value).length))
  expect(largest).toBeLessThan(16_000)
})

test('a poll after the load that finds nothing new does not write the live figures again', async () => {
  const { world, calls } = await playRequest(
    { timing: { lateMetricsSeconds: 300 } },
    { courses: [{ ...usualCourse, rebuildMs: 60_000 }] },
  )
  const polls = calls.filter(({ name }) => name === 'pollHealth').map(({ atMs }) => START_AT_MS + atMs)
  const writtenMs = world.blobs.lastModifiedMs(drillBlobs.live('drill-1')) ?? Number.NaN
  // The standby comes back after the load: that is written.
  expect(polls.filter((atMs) => atMs <= writtenMs)).not.toEqual([])
  expect(polls.filter((atMs) => atMs > writtenMs).length).toBeGreaterThan(5)
})
