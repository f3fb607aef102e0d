/** One campaign: what it does now and what its drills gave, and its report once it has ended. */
import type { CampaignPoint } from '../../../model/campaign/campaign.ts'
import type { CampaignDrill, CampaignReport } from '../../../model/campaign/report.ts'
import type { CampaignStatus } from '../../../model/campaign/status.ts'
import { campaignBanner, campaignParts, drillsTable } from '../../../render/campaign/parts.ts'
import type { LinkOf } from '../../../render/campaign/strip.ts'
import { withDrillsIn } from '../../../render/html/elements/file-links.ts'
import { html, type Markup } from '../../../render/text/markup.ts'
import { dateTime, given } from '../../../units/units.ts'
import { abortCampaign, readCampaign, readCampaignPage } from '../page/api.ts'
import { find, save, show } from '../page/page.ts'
import { poll } from '../page/poll.ts'
import type { Shell, View } from '../page/shell.ts'
import { offerAbort } from './abort.ts'

/** The dashboard shows a drill also without a report. */
const inDashboard: LinkOf = ({ drillId, state }) =>
  state === 'not run' ? null : `#/drills/${encodeURIComponent(drillId)}`

const RUNNING = html`<div class="heading"><div id="title"></div><p class="actions"><button id="ask-abort" type="button" class="danger">Abort</button></p></div>
<p id="abort-answer" class="note" role="status"></p>
<div id="now" role="status"></div>
<section aria-labelledby="drills-title"><h2 id="drills-title">Drills</h2><div id="drills"></div></section>`

const ENDED = html`<div id="report"></div>
<p class="actions"><button id="save-report" type="button">Save the report as one file</button></p>`

interface Pane {
  readonly update: (status: CampaignStatus) => void
  readonly dispose: () => void
}

export const campaignView =
  (campaignId: string): View =>
  (root, shell) => {
    show(root, html`<h1>${campaignId}</h1><p class="absent">Loading</p>`)
    let pane: Pane | null = null
    let isShownEnded = false
    const stop = poll(shell, {
      ask: () => readCampaign(campaignId),
      onValue(status) {
        const hasEnded = status.state === 'finished' || status.state === 'failed'
        if (pane === null || isShownEnded !== hasEnded) {
          pane?.dispose()
          pane = hasEnded ? endedPane(root, shell, campaignId) : runningPane(root, shell, campaignId)
          isShownEnded = hasEnded
        }
        pane.update(status)
        return !hasEnded
      },
      onRefused: ({ refusal }) =>
        show(
          root,
          html`<h1>${refusal.title}</h1><p>${refusal.detail}</p><p><a href="#/campaigns">All campaigns</a></p>`,
        ),
    })
    return () => {
      stop()
      pane?.dispose()
      show(root, html``)
    }
  }

function runningPane(root: HTMLElement, shell: Shell, campaignId: string): Pane {
  show(root, RUNNING)
  const dispose = offerAbort(root, shell, {
    title: 'Abort this campaign?',
    words:
      'No further drill starts. A drill that is running is aborted: its load stops, its containers are removed, and it reports. The campaign reports what is known. A failover that has begun goes on: it cannot be undone.',
    confirm: 'Abort the campaign',
    abort: () => abortCampaign(campaignId),
    done: 'Abort requested. The campaign ends after the drill that is running has reported; this takes a moment.',
  })
  return {
    update(status) {
      show(find(root, '#title', HTMLElement), title(status))
      show(find(root, '#now', HTMLElement), now(status))
      show(find(root, '#drills', HTMLElement), drillsSoFar(status))
    },
    dispose,
  }
}

const title = ({ campaignId, target, requestedAt, drills, gapMinutes, what }: CampaignStatus): Markup =>
  html`<h1>${target.server}</h1><p class="note">campaign <b>${campaignId}</b>, requested ${dateTime(requestedAt)}: ${String(drills)} drills, ${given(gapMinutes, 'min')} between them; each ${what}</p>`

function now({ progress, drills, state }: CampaignStatus): Markup {
  if (progress === null) return html`<p class="lead">The campaign is ${state}.</p>`
  const { number, drillId, note } = progress
  if (drillId === null) return html`<p class="lead">Drill ${String(number)} of ${String(drills)}: ${note}.</p>`
  return html`<p class="lead"><span class="running-dot"></span>Drill ${String(number)} of ${String(drills)} is running: <a href="#/drills/${encodeURIComponent(drillId)}">${drillId}</a></p>`
}

const drillsSoFar = ({ points }: CampaignStatus): Markup =>
  points.length === 0 ? html`<p class="absent">None has ended yet.</p>` : drillsTable(points.map(rowOf), inDashboard)

const rowOf = ({ endsCampaign: _, ...point }: CampaignPoint): CampaignDrill => ({
  ...point,
  startedAt: null,
  hasReport: point.verdict !== null,
})

function endedPane(root: HTMLElement, shell: Shell, campaignId: string): Pane {
  show(root, ENDED)
  const button = find(root, '#save-report', HTMLButtonElement)
  button.addEventListener('click', async () => {
    const answer = await readCampaignPage(campaignId)
    if (answer.kind === 'locked') return shell.askForAccess()
    if (answer.kind !== 'ok') return
    const page = withDrillsIn(await answer.value.text(), location.origin + location.pathname)
    save(`${campaignId}.html`, new Blob([page], { type: 'text/html' }))
  })
  return {
    update({ report, error }) {
      button.hidden = report === null
      show(find(root, '#report', HTMLElement), report === null ? withoutReport(campaignId, error) : wholeReport(report))
    },
    dispose: () => undefined,
  }
}

const withoutReport = (campaignId: string, error: string | null): Markup =>
  html`<h1>${campaignId}</h1><p class="problems" role="alert">This campaign ended without a report.${error && ` ${error}`}</p><p><a href="#/campaigns">All campaigns</a></p>`

const wholeReport = (report: CampaignReport): Markup =>
  html`${campaignBanner(report)}${campaignParts(report, inDashboard).map(
    ({ id, title: heading, body }) =>
      html`<section aria-labelledby="${id}-title"><h2 id="${id}-title">${heading}</h2>${body}</section>`,
  )}`
