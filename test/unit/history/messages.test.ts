/** The line that a chat tool shows at the end of a drill. */
import { expect, test } from 'vitest'
import type { StoppedBy } from '../../../functions/model/early-end/stopped-by.ts'
import { campaignMessage, drillMessage } from '../../../functions/model/history/messages.ts'
import type { Verdict } from '../../../functions/model/report.ts'

const APP = 'https://drills.example.com'
const stopped: StoppedBy = {
  phase: 'check',
  checks: ['server-sku'],
  why: '1 of 35 checks failed: Server size',
  advice: '',
}

const textOf = (
  verdict: Verdict | null,
  summary: string,
  stoppedBy: StoppedBy | null = null,
  app: string | null = APP,
) =>
  drillMessage(
    { type: 'drill.ended', drillId: 'd-1', server: 'pg-1', resourceGroup: 'rg', verdict, summary, stoppedBy },
    app,
  ).text

test.each<[string, Verdict | null, string, StoppedBy | null, string]>([
  [
    'passed',
    'PASS',
    'Forced failover: full service after 7.20 s.',
    null,
    'PASS pg-1: Forced failover: full service after 7.20 s.',
  ],
  ['failed', 'FAIL', '3 commits lost.', null, 'FAIL pg-1: 3 commits lost.'],
  ['proved nothing', 'INCONCLUSIVE', 'Inconclusive: no event.', null, 'INCONCLUSIVE pg-1: Inconclusive: no event.'],
  [
    'did not start',
    'INCONCLUSIVE',
    'Not started: 1 of 35 checks failed: Server size.',
    stopped,
    'NOT STARTED pg-1: 1 of 35 checks failed: Server size.',
  ],
  [
    'was aborted before its load',
    'ABORTED',
    'Aborted before its load started: by request.',
    stopped,
    'ABORTED pg-1: Aborted before its load started: by request.',
  ],
  [
    'died, and was closed by the watchdog',
    null,
    'The drill died: its orchestration ended as Failed without a final report',
    null,
    'NO REPORT pg-1: The drill died: its orchestration ended as Failed without a final report',
  ],
])(
  'of a drill that %s it has one word for what came of it, and an absolute address',
  (_, verdict, summary, stoppedBy, line) => {
    expect(textOf(verdict, summary, stoppedBy)).toBe(`${line}\n${APP}/api/dashboard#/drills/d-1`)
  },
)

test('where the app has no name there is no address that leads nowhere', () => {
  expect(textOf('PASS', 'Done.', null, null)).toBe('PASS pg-1: Done.')
})

test('words of others are no markup, no call of everyone and no further line', () => {
  expect(textOf('FAIL', 'error "<!channel> & <https://evil|here>"\nsecond line')).toBe(
    `FAIL pg-1: error "&lt;!channel&gt; &amp; &lt;https://evil|here&gt;" second line\n${APP}/api/dashboard#/drills/d-1`,
  )
})

test('a campaign has its own address', () => {
  const given = {
    campaignId: 'c-1',
    server: 'pg-1',
    resourceGroup: 'rg',
    verdict: 'PASS',
    summary: 'All passed.',
  } as const
  expect(campaignMessage({ type: 'campaign.ended', ...given }, APP).text).toBe(
    `PASS pg-1: All passed.\n${APP}/api/dashboard#/campaigns/c-1`,
  )
})
