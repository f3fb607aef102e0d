/** One report of each kind of event, as people read it. UPDATE_GOLDEN=1 accepts what is new. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { expect, test } from 'vitest'
import type { EventEvidence } from '../../functions/model/evidence.ts'
import type { PlatformLog } from '../../functions/model/facts.ts'
import { renderHtml } from '../../functions/render/html/page.ts'
import { renderMarkdown } from '../../functions/render/markdown.ts'
import { aDrillPlan, isoAt, someLoad } from '../support/builders.ts'
import { CHANGES, caused, RESTART, SCALE, SWITCHOVER, watched } from '../support/kinds-of-events.ts'
import { aRun, assembledOf, reportOf, type Trouble } from '../support/world.ts'

const pause = (atSeconds: number, seconds: number): Trouble => ({ atSeconds, seconds, kind: 'pause' })
const failover = (atSeconds: number, seconds: number): Trouble => ({ atSeconds, seconds, kind: 'failover' })

const undone = {
  state: 'undone',
  detail: 'the size is Standard_D4ds_v5 again',
  at: isoAt(200),
  since: isoAt(190),
  operation: null,
  pollAgainAtMs: null,
} as const

const platformLog: PlatformLog = {
  activityLog: { kind: 'not read', why: 'AuthorizationFailed' },
  resourceHealth: { kind: 'read', records: [{ at: isoAt(26), what: 'Unavailable (Unplanned): a | b <c>' }] },
}

const SAMPLES: Readonly<Record<string, readonly [EventEvidence, ...Trouble[]]>> = {
  restart: [caused(RESTART, CHANGES.restart), pause(30.35, 4)],
  'scale-in-place': [caused(SCALE, CHANGES.scaleInPlace, { undo: undone }), pause(30.35, 6)],
  'scale-elsewhere': [
    caused(SCALE, CHANGES.scaleElsewhere, { undo: undone, healthyAt: isoAt(70) }),
    failover(30.35, 3),
  ],
  switchover: [caused(SWITCHOVER, CHANGES.switchover), failover(30.35, 6)],
  'external-two-events': [
    watched(
      [29, { postmasterStartedAt: isoAt(26) }],
      [57, { ...CHANGES.failover, haState: 'ReplicatingData' }],
      [80, { haState: 'Healthy' }],
    ),
    pause(25.35, 3),
    failover(50.35, 6),
  ],
  'external-nothing': [watched()],
}

test('the page shows what the platform recorded where it was read, and else has no such part', async () => {
  const of = async (own: { readonly platformLog?: PlatformLog }) => {
    const { report, charts } = await assembledOf(aRun({ troubles: [failover(30.35, 6)] }), own)
    return renderHtml({ ...charts, report })
  }
  const page = await of({ platformLog })
  expect(page).toContain('What the platform recorded')
  expect(page).toContain('Unavailable (Unplanned): a | b &lt;c&gt;')
  expect(page).toContain('not read: activity log: AuthorizationFailed')
  expect(await of({})).not.toContain('What the platform recorded')
})

test.each(Object.entries(SAMPLES))('the report of %s is as accepted', async (name, [evidence, ...troubles]) => {
  const plan = aDrillPlan({ load: someLoad(), events: [evidence.planned] })
  const own = { plan, events: [evidence], journal: [], ...(name === 'external-two-events' && { platformLog }) }
  const report = await reportOf(aRun({ troubles }), own)
  const file = resolve(import.meta.dirname, `files/kinds/${name}.md`)
  const rendered = renderMarkdown(report)
  if (process.env.UPDATE_GOLDEN) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, rendered)
  }
  expect(rendered).toBe(readFileSync(file, 'utf8'))
})
