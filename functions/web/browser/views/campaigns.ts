/** All campaigns, newest first, with their verdicts. */
import type { CampaignStatus } from '../../../model/campaign/status.ts'
import { mark, number, onlyTable, text } from '../../../render/html/elements/components.ts'
import { html, type Insert, type Markup } from '../../../render/text/markup.ts'
import { dateTime, given } from '../../../units/units.ts'
import { listCampaigns } from '../page/api.ts'
import { find, show } from '../page/page.ts'
import { poll } from '../page/poll.ts'
import type { View } from '../page/shell.ts'

const FRAME = html`<div class="heading"><h1>Campaigns</h1><p class="actions"><a class="button" href="#/start">Start a campaign</a></p></div>
<div id="campaigns" aria-busy="true"><p class="absent">Loading</p></div>
<p class="actions" id="paging" hidden><button id="newest" type="button">Newest</button> <button id="older" type="button">Older</button></p>`

const EMPTY = html`<div class="empty"><h2>No campaign yet</h2><p>A campaign runs one request several times, with the cool-down between, and reports the distribution of every figure.</p><a class="button" href="#/start">Start a campaign</a></div>`

export const campaignsView: View = (root, shell) => {
  show(root, FRAME)
  const region = find(root, '#campaigns', HTMLElement)
  const newest = find(root, '#newest', HTMLButtonElement)
  const older = find(root, '#older', HTMLButtonElement)
  let after: string | null = null
  let next: string | null = null
  let stop = ask()

  function ask(): () => void {
    return poll(shell, {
      ask: () => listCampaigns(after),
      onValue(page) {
        next = page.next
        region.removeAttribute('aria-busy')
        show(region, page.campaigns.length === 0 && after === null ? EMPTY : campaignsTable(page.campaigns))
        find(root, '#paging', HTMLElement).hidden = after === null && next === null
        newest.disabled = after === null
        older.disabled = next === null
        return true
      },
      onRefused: ({ refusal }) =>
        show(region, html`<p class="problems" role="alert">${refusal.title} ${refusal.detail}</p>`),
    })
  }

  function turnTo(page: string | null): void {
    after = page
    stop()
    stop = ask()
  }

  newest.addEventListener('click', () => turnTo(null))
  older.addEventListener('click', () =>
    turnTo(next === null ? null : new URL(next, 'http://localhost').searchParams.get('after')),
  )
  return () => {
    stop()
    show(root, html``)
  }
}

const campaignsTable = (campaigns: readonly CampaignStatus[]): Markup =>
  html`<div class="drills">${onlyTable(
    'Campaigns, newest first',
    [text('Campaign'), text('State'), number('Drills'), number('Gap'), text('Each drill')],
    campaigns.map(campaignRow),
    { cards: true },
  )}</div>`

const campaignRow = (campaign: CampaignStatus): Insert[] => [
  html`<a href="#/campaigns/${encodeURIComponent(campaign.campaignId)}">${dateTime(campaign.requestedAt)}</a> <small>${campaign.target.server}, ${campaign.campaignId}</small>${campaign.headline && html`<span class="headline">${campaign.headline}</span>`}`,
  stateOf(campaign),
  String(campaign.drills),
  given(campaign.gapMinutes, 'min'),
  campaign.what,
]

const stateOf = ({ verdict, state, progress, drills, error }: CampaignStatus): Insert => {
  if (verdict !== null) return mark(verdict)
  if (state === 'failed') return html`${mark('fail', 'ended without report')} <small>${error}</small>`
  const where = progress === null ? state : `drill ${progress.number} of ${drills}`
  return html`<span class="mark"><span class="running-dot"></span>${where}</span>`
}
