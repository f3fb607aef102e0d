/** Each kind of event in a report: what is recognised, what proves it, and whether the verdict rests on it. */
import { describe, expect, test } from 'vitest'
import type { EventEvidence } from '../../../functions/model/evidence.ts'
import type { PrimaryIdentity } from '../../../functions/model/facts.ts'
import type { Report } from '../../../functions/model/report.ts'
import { renderMarkdown } from '../../../functions/render/markdown.ts'
import type { LoadSettings } from '../../../loadgen-image/contract/load-plan.ts'
import { aDrillPlan, isoAt, someLoad } from '../../support/builders.ts'
import {
  CHANGES,
  caused,
  EXTERNAL,
  FAILOVER,
  RESTART,
  SCALE,
  SWITCHOVER,
  watched,
} from '../../support/kinds-of-events.ts'
import { aRun, reportOf, type Trouble } from '../../support/world.ts'

const drill = (
  troubles: readonly Trouble[],
  evidence: EventEvidence,
  criteria?: readonly string[],
  load: Partial<LoadSettings> = {},
): Promise<Report> => {
  const plan = aDrillPlan({ load: someLoad(load), events: [evidence.planned], ...(criteria && { criteria }) })
  return reportOf(aRun({ troubles, load }), { plan, events: [evidence] })
}

const pause = (atSeconds: number, seconds: number): Trouble => ({ atSeconds, seconds, kind: 'pause' })
const failover = (atSeconds: number, seconds: number): Trouble => ({ atSeconds, seconds, kind: 'failover' })

/** Everything that the pages say of a drill; the samples of checklist, journal and set-up are of another one. */
function wordsOf(report: Report): string {
  const { checklist: _, journal: __, setup: ___, ...own } = report
  return [JSON.stringify(own), renderMarkdown({ ...report, checklist: [], journal: [], setup: {} })].join('\n')
}

const IN_PLACE = 'The same server started again: the platform scaled in place.'
const ELSEWHERE = 'Another server took over: the platform scaled with near-zero downtime.'

describe('an event that the drill asked for', () => {
  test.each<[string, Trouble, EventEvidence, Report['events'][number]['kind'], boolean, string, string]>([
    [
      'another start of the process on the same timeline is a restart',
      pause(30.35, 4),
      caused(RESTART, CHANGES.restart),
      'restart',
      true,
      'The timeline of the primary is still 1: nothing was promoted.',
      'Restart of pg-orders: no commit for 4.01 s',
    ],
    [
      'a process that did not start again proves no restart',
      pause(30.35, 4),
      caused(RESTART, {}, { after: null }),
      'restart',
      false,
      'Nothing was seen that only such an event changes.',
      'Restart of pg-orders: no commit',
    ],
    [
      'a restart after which the timeline rose is a failover, and proves no restart',
      failover(30.35, 4),
      caused(RESTART, CHANGES.failover),
      'failover',
      false,
      'The timeline of the primary rose from 1 to 2.',
      'Restart of pg-orders that became a failover, zone 1 to 2: no commit',
    ],
    [
      'another size of the same server is a scaling in place',
      pause(30.35, 6),
      caused(SCALE, CHANGES.scaleInPlace),
      'scale',
      true,
      IN_PLACE,
      'Scaling of pg-orders to Standard_D8ds_v5: no commit for 6.01 s',
    ],
    [
      'another size on a new timeline is a scaling with near-zero downtime',
      failover(30.35, 6),
      caused(SCALE, CHANGES.scaleElsewhere),
      'scale',
      true,
      ELSEWHERE,
      'Scaling of pg-orders to Standard_D8ds_v5: no commit for 6.01 s',
    ],
    [
      'a size that was not asked for proves no scaling',
      pause(30.35, 6),
      caused(SCALE, { ...CHANGES.scaleInPlace, sku: 'Standard_D16ds_v5' }),
      'scale',
      false,
      'The size of the server changed from Standard_D4ds_v5 to Standard_D16ds_v5.',
      'Scaling of pg-orders to Standard_D8ds_v5: no commit',
    ],
    [
      'another server behind the name, on a new timeline, is a switchover',
      failover(30.35, 6),
      caused(SWITCHOVER, CHANGES.switchover),
      'switchover',
      true,
      'The server behind the name changed from pg-orders to pg-orders-dr.',
      'Forced switchover of pg-orders to replica pg-orders-dr: no commit',
    ],
    [
      'a failover inside the server proves no switchover',
      failover(30.35, 6),
      caused(SWITCHOVER, CHANGES.failover),
      'switchover',
      false,
      'The timeline of the primary rose from 1 to 2.',
      'Forced switchover of pg-orders to replica pg-orders-dr: no commit',
    ],
  ])('%s', async (_, trouble, evidence, kind, isProven, sentence, headline) => {
    const report = await drill([trouble], evidence)
    expect(report.events).toHaveLength(1)
    expect(report.events[0]).toMatchObject({ kind, cause: 'drill', request: 0 })
    expect(report.eventsProof).toMatchObject({ proven: isProven, evidence: expect.arrayContaining([sentence]) })
    expect(report.headline).toMatch(new RegExp(`^${headline.replaceAll('.', '\\.')}`))
    expect(report.verdict, report.reasons.join('\n')).toBe(isProven ? 'PASS' : 'INCONCLUSIVE')
  })

  const SCALED_TWICE_OUT = [pause(30.35, 2), failover(34.35, 4)]

  test('a scaling that first pauses commits for its new standby is one event, with both outages', async () => {
    const report = await drill(SCALED_TWICE_OUT, caused(SCALE, CHANGES.scaleElsewhere))
    expect(report.events).toMatchObject([{ kind: 'scale', cause: 'drill', proof: { proven: true } }])
    expect(report.events[0]?.recovery.outages).toHaveLength(2)
    expect(report.eventsProof.evidence).toContain(ELSEWHERE)
    expect(report.verdict, report.reasons.join('\n')).toBe('PASS')
  })

  test('which of two promotions a scaling caused is not known: the second is not called the work of others', async () => {
    const evidence = caused(SCALE, { ...CHANGES.scaleElsewhere, timeline: 3 })
    const { events } = await drill([failover(30.35, 2), failover(60.35, 4)], evidence)
    expect(events.map(({ kind, cause }) => [kind, cause])).toEqual([
      ['scale', 'drill'],
      ['promotion', 'unattributed'],
    ])
  })

  test('a promotion behind the outage of a scaling in place, or of a restart, is not its own', async () => {
    for (const evidence of [caused(SCALE, CHANGES.scaleInPlace), caused(RESTART, CHANGES.restart)]) {
      const { events } = await drill(SCALED_TWICE_OUT, evidence)
      expect(events.map(({ kind, cause }) => [kind, cause])).toEqual([
        [evidence.planned.kind, 'drill'],
        ['promotion', 'other'],
      ])
    }
  })

  test.each<[string, Partial<PrimaryIdentity>, string]>([
    [
      'the zones of both regions',
      { availabilityZone: '2' },
      'Forced switchover of pg-orders to replica pg-orders-dr: no',
    ],
    [
      'another replica than the one that was asked for',
      { availabilityZone: '2', serverId: CHANGES.switchover.serverId.replace('-dr', '-west') },
      'Forced switchover of pg-orders to replica pg-orders-dr, server pg-orders to pg-orders-west: no',
    ],
    [
      'a server without an id',
      { serverId: null, availabilityZone: '2' },
      'Forced switchover of pg-orders to replica pg-orders-dr: no',
    ],
  ])('a switchover is described by its servers and never by zones: %s', async (_, change, headline) => {
    const report = await drill([failover(30.35, 6)], caused(SWITCHOVER, { ...CHANGES.switchover, ...change }))
    expect(report.headline.slice(0, headline.length)).toBe(headline)
    expect(report.headline).not.toMatch(/zone/)
  })

  test('a failover after which another server stands behind the name is described by the servers', async () => {
    const report = await drill([failover(30.35, 6)], caused(FAILOVER, { ...CHANGES.failover, ...CHANGES.switchover }))
    expect(report.headline).toMatch(/^Forced failover of pg-orders, server pg-orders to pg-orders-dr: no/)
    expect(report.eventsProof.evidence.join(' ')).not.toMatch(/zone/)
  })

  test.each([
    [0.05, [], 'PASS', 'clients saw no outage, and no pause between two commits around it was longer than 0.050 s'],
    [1.152, [pause(31.85, 0.4)], 'PASS', 'no commit for 0.410 s, full service after 1.15 s'],
  ] as const)(
    'a proven restart that is shorter than an outage has a recovery time: %s s',
    async (seconds, troubles, verdict, words) => {
      const report = await drill(troubles, caused(RESTART, CHANGES.restart))
      expect(report.events[0]?.recovery.recoveryTimeSeconds).toBeCloseTo(seconds, 2)
      expect(report.verdict, report.reasons.join('\n')).toBe(verdict)
      expect(report.headline).toContain(`Restart of pg-orders: ${words}`)
      expect(report.events[0]?.proof.proven).toBe(true)
      const isNoticed = report.events[0]?.service === 'recovered'
      expect(report.caveats.some((caveat) => caveat.startsWith('Event 1: no client noticed'))).toBe(!isNoticed)
      // A bound is no measurement: the figure of the drill, which trends compare, is not known.
      expect(report.recovery.recoveryTimeSeconds === null).toBe(!isNoticed)
    },
  )

  test.each([
    ['recovery_time_s <= 0.05', 'PASS', null],
    ['recovery_time_s <= 0.04', 'INCONCLUSIVE', '0.050 s or less, because no client noticed it'],
    ['write_outage_s < 0.01', 'INCONCLUSIVE', '0.050 s or less, because no client noticed it'],
  ])('a restart that no client noticed under the objective %s: %s', async (objective, verdict, why) => {
    const report = await drill([], caused(RESTART, CHANGES.restart), [objective])
    expect([report.verdict, report.criteria[0]?.isUpperBound]).toEqual([verdict, true])
    if (why !== null) expect(report.reasons.join(' ')).toContain(`${objective} could not be judged: ${why}`)
  })

  test('a promotion soon after the pause of a restart may be another event: its cause is left open', async () => {
    const { events } = await drill([pause(30.35, 0.4), failover(31.5, 4)], caused(RESTART, CHANGES.failover))
    expect(events.map(({ kind, cause }) => [kind, cause])).toEqual([['failover', 'unattributed']])
    expect(events[0]?.sentence).toContain('commits had paused after the request and gone on before they stopped')
  })

  test('a restart that a load is too sparse to show is inconclusive, with that reason', async () => {
    const sparse = { targetTps: 0.8, durationSeconds: 90 }
    const report = await drill([], caused(RESTART, CHANGES.restart), ['recovery_time_s <= 60'], sparse)
    expect(report.verdict).toBe('INCONCLUSIVE')
    expect(report.events[0]).toMatchObject({ service: 'not measured', recovery: { recoveryTimeSeconds: null } })
    expect(report.reasons.join(' ')).toContain(
      'pauses of 3.83 s between two commits are usual for this load, so it does not show an outage that is not longer',
    )
  })

  test('a restart without a start of the process has no recovery time', async () => {
    const report = await drill([], caused(RESTART, { timeline: 1 }))
    expect(report.recovery.recoveryTimeSeconds).toBeNull()
    expect(report.verdict).toBe('INCONCLUSIVE')
  })

  test('an event that no standby was taken by has no time without one', async () => {
    const restart = await drill([pause(30.35, 4)], caused(RESTART, CHANGES.restart), ['exposure_s <= 600'])
    expect(restart.criteria[0]).toMatchObject({ verdict: 'unknown', measured: null })
    const healthyAt = isoAt(70)
    const scaled = await drill([failover(30.35, 6)], caused(SCALE, CHANGES.scaleElsewhere, { healthyAt }), [
      'exposure_s <= 600',
    ])
    expect(scaled.criteria[0]).toMatchObject({ verdict: 'pass', measured: 33.642 })
  })

  test.each([
    ['waiting', true],
    ['asked', true],
    ['changed by others', true],
    ['undone', false],
    ['not needed', false],
  ] as const)('a change that is %s is a caveat: %s', async (state, isCaveat) => {
    const undo = {
      state,
      detail: 'the size is Standard_D8ds_v5',
      at: isoAt(200),
      since: isoAt(190),
      operation: null,
      pollAgainAtMs: null,
    }
    const report = await drill([pause(30.35, 6)], caused(SCALE, CHANGES.scaleInPlace, { undo }))
    expect(report.requests[0]?.undo).toEqual({ state, detail: 'the size is Standard_D8ds_v5', at: isoAt(200) })
    expect(report.caveats.some((caveat) => caveat.startsWith('Not undone'))).toBe(isCaveat)
  })

  test('a promotion after the outage of a restart is another event', async () => {
    const report = await drill([pause(30.35, 3), failover(50.35, 4)], caused(RESTART, CHANGES.restart))
    expect(report.events.map(({ kind, cause, request }) => [kind, cause, request])).toEqual([
      ['restart', 'drill', 0],
      ['promotion', 'other', null],
    ])
  })

  test('no sentence calls an event a failover that is none', async () => {
    for (const [trouble, evidence] of [
      [pause(30.35, 4), caused(RESTART, CHANGES.restart)],
      [pause(30.35, 6), caused(SCALE, CHANGES.scaleInPlace)],
      [failover(30.35, 6), caused(SCALE, CHANGES.scaleElsewhere)],
      [failover(30.35, 6), caused(SWITCHOVER, CHANGES.switchover)],
      [pause(30.35, 6), watched([36, CHANGES.restart])],
    ] as const)
      expect(wordsOf(await drill([trouble], evidence)).match(/.{40}failover.{20}/gi)).toBeNull()
  })
})

describe('a drill that watches what others do', () => {
  test.each<[string, readonly Trouble[], EventEvidence, ReadonlyArray<readonly [string, number | null]>]>([
    ['a failover', [failover(30.35, 6)], watched([36, CHANGES.failover]), [['failover', 6.652]]],
    ['a restart', [pause(30.35, 6)], watched([36, CHANGES.restart]), [['restart', 6.652]]],
    ['a scaling in place', [pause(30.35, 6)], watched([36, CHANGES.scaleInPlace]), [['scale', 6.652]]],
    ['a scaling elsewhere', [failover(30.35, 6)], watched([36, CHANGES.scaleElsewhere]), [['scale', 6.652]]],
    ['a switchover', [failover(30.35, 6)], watched([37, CHANGES.switchover]), [['switchover', 6.652]]],
    ['an outage that no poll explains', [pause(30.35, 6)], watched(), [['outage', 6.652]]],
    ['a promotion that no poll saw', [failover(30.35, 6)], watched(), [['promotion', 6.652]]],
    [
      'a size that the platform reports before the service stops',
      [pause(40.35, 6)],
      watched([33, { sku: 'Standard_D8ds_v5' }], [47, { postmasterStartedAt: isoAt(42) }]),
      [['scale', 6.652]],
    ],
    [
      'a restart and then a failover, of which the platform reports the zone late',
      [pause(25.35, 3), failover(50.35, 6)],
      watched(
        [29, { postmasterStartedAt: isoAt(26) }],
        [57, { timeline: 2, address: '10.0.0.5' }],
        [80, { availabilityZone: '2', standbyZone: '1' }],
      ),
      [
        ['restart', 3.652],
        ['failover', 6.652],
      ],
    ],
    ['a restart that no client noticed', [], watched([36, CHANGES.restart]), [['restart', 0.05]]],
    ['a restart of less than a second', [pause(31.85, 0.4)], watched([36, CHANGES.restart]), [['restart', 1.152]]],
  ])('recognises %s', async (_, troubles, evidence, expected) => {
    const report = await drill(troubles, evidence)
    expect(report.events.map(({ kind, recovery }) => [kind, recovery.recoveryTimeSeconds])).toEqual(expected)
    expect(report.events.every(({ cause, request }) => cause === 'other' && request === null)).toBe(true)
    expect(report.eventsProof.proven).toBe(true)
    expect(report.requests).toMatchObject([{ kind: 'external', state: 'watched', event: 1 }])
  })

  test('an event has only its own changes: those of the next one are not its evidence', async () => {
    const { events } = await drill(
      [pause(25.35, 3), failover(50.35, 6)],
      watched([29, { postmasterStartedAt: isoAt(26) }], [57, { timeline: 2, availabilityZone: '2', standbyZone: '1' }]),
    )
    expect(events.map(({ proof }) => [proof.before?.timeline, proof.after?.timeline])).toEqual([
      [1, 1],
      [1, 2],
    ])
  })

  test.each([
    ['the objectives hold', 'recovery_time_s <= 20', 'PASS'],
    ['an objective is missed', 'recovery_time_s <= 5', 'FAIL'],
    ['an objective of the kind holds', 'recovery_time_s[failover] <= 20', 'PASS'],
    ['an objective names a kind that was not seen', 'recovery_time_s[restart] <= 20', 'INCONCLUSIVE'],
    ['what was seen counts as proof', 'events_proven == true', 'PASS'],
  ])('when %s: %s is %s', async (_, criterion, verdict) => {
    const report = await drill([failover(30.35, 6)], watched([36, CHANGES.failover]), [criterion])
    expect(report.verdict, report.reasons.join('\n')).toBe(verdict)
    expect(report.headline).toMatch(
      /^Watch of pg-orders: failover that this drill did not request: no commit for 6\.01 s/,
    )
  })

  test('when nothing happened, it is inconclusive and says so', async () => {
    const report = await drill([], watched())
    expect(report.verdict).toBe('INCONCLUSIVE')
    expect(report.reasons[0]).toBe('No event was seen while the drill watched for what others do.')
    expect(report.headline).toMatch(/^Watch of pg-orders: none of .* Inconclusive: no event was seen/)
  })

  test('an event before its time is reported and is no proof', async () => {
    const early = { ...watched([16, { postmasterStartedAt: isoAt(12) }]), planned: { ...EXTERNAL, atSeconds: 40 } }
    const report = await drill([pause(11.35, 3)], early)
    expect(report.events.map(({ kind }) => kind)).toEqual(['restart'])
    expect([report.verdict, report.eventsProof.proven]).toEqual(['INCONCLUSIVE', false])
    expect(report.reasons[0]).toMatch(
      /^Every event that was seen had begun before the watch, which began at second 40 of the load: event 1, restart that this drill did not request, at [\d:.]+\.$/,
    )
    expect(report.headline).toMatch(
      /^Watch of pg-orders: restart that this drill did not request, begun before the watch: no commit for 3\.01 s/,
    )
    expect(wordsOf(report)).not.toMatch(/no event was seen/i)
  })

  test('an outage that began before the watch and lasts into it is no event of the watch, also with a change in it', async () => {
    const late = { ...watched([36, CHANGES.scaleInPlace]), planned: { ...EXTERNAL, atSeconds: 30 } }
    const report = await drill([pause(25.35, 9)], late)
    expect([report.verdict, report.eventsProof.proven]).toEqual(['INCONCLUSIVE', false])
    expect(report.requests[0]?.event).toBeNull()
    expect(report.reasons[0]).toMatch(/^Every event that was seen had begun before the watch, .*: event 1, scaling/)
    expect(wordsOf(report)).not.toMatch(/no event was seen/i)
  })

  test('an earlier outage beside an event of the watch is its context: the worst is judged, and named as earlier', async () => {
    const report = await drill([pause(11.35, 8), failover(40.35, 3)], {
      ...watched([44, CHANGES.failover]),
      planned: { ...EXTERNAL, atSeconds: 30 },
    })
    expect(report.requests[0]?.event).toBe(2)
    expect([report.verdict, report.eventsProof.proven]).toEqual(['PASS', true])
    expect(report.headline).toMatch(
      /^Watch of pg-orders: outage that [^:]*, begun before the watch: at worst no commit/,
    )
  })

  test('an event within the error of the clocks before its time belongs to the watch', async () => {
    const report = await drill([failover(30.35, 3)], { ...watched(), planned: { ...EXTERNAL, atSeconds: 30.36 } })
    expect([report.verdict, report.requests[0]?.event]).toEqual(['PASS', 1])
  })

  test('the time without a standby ends at the first poll that saw high availability healthy again', async () => {
    const { events } = await drill(
      [failover(30.35, 6)],
      watched([36, CHANGES.failover], [37, { haState: 'ReplicatingData' }], [70, { haState: 'Healthy' }]),
    )
    expect(events[0]).toMatchObject({ moments: { t6: isoAt(70) }, recovery: { exposureSeconds: 33.642 } })
  })
})
