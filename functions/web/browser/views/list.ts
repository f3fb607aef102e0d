/** All drills, newest first, with their verdicts and the trend of the newest drill's server. */

import { eventFigureText, noteOf } from '../../../event-figures/table.ts'
import { eventsInWords } from '../../../event-kinds/kinds.ts'
import { isLike, type ListedFigures, serverKey, type Worst } from '../../../model/drill-index.ts'
import { verdictWord } from '../../../model/early-end/stopped-by.ts'
import { drillTrendChart } from '../../../render/charts/drill-trend.ts'
import { mark, number, onlyTable, text } from '../../../render/html/elements/components.ts'
import { html, type Insert, type Markup } from '../../../render/text/markup.ts'
import { count, dateTime, duration, perSecond } from '../../../units/units.ts'
import { type Answer, type DrillsPage, type ListedDrill, listDrills } from '../page/api.ts'
import { type LiveChart, mountChart } from '../page/chart.ts'
import { find, show } from '../page/page.ts'
import { poll } from '../page/poll.ts'
import type { View } from '../page/shell.ts'

const FRAME = html`<div class="heading"><h1>Drills</h1><p class="actions"><button id="compare" type="button" disabled>Compare the chosen</button> <a class="button" href="#/start">Start a drill</a></p></div>
<div id="trend" hidden></div><p class="note" id="trend-note" hidden></p>
<div id="drills" aria-busy="true"><p class="absent">Loading</p></div>
<p class="actions" id="paging" hidden><button id="newest" type="button">Newest</button> <button id="older" type="button">Older</button></p>`

export const listView: View = (root, shell) => {
  show(root, FRAME)
  const region = find(root, '#drills', HTMLElement)
  const compare = find(root, '#compare', HTMLButtonElement)
  const chosen = new Set<string>()
  const trend = trendOf(root)
  let after: string | null = null
  let next: string | null = null
  let stop = ask()

  function ask(): () => void {
    return poll(shell, { ask: () => listDrills(after), onValue: showPage, onRefused: showRefusal })
  }

  function showPage(page: DrillsPage): boolean {
    next = page.next
    region.removeAttribute('aria-busy')
    show(region, page.drills.length === 0 && after === null ? EMPTY : drillsTable(page.drills))
    for (const box of region.querySelectorAll<HTMLInputElement>('input[type=checkbox]'))
      box.checked = chosen.has(box.value)
    trend.draw(page.drills)
    find(root, '#paging', HTMLElement).hidden = after === null && next === null
    find(root, '#newest', HTMLButtonElement).disabled = after === null
    find(root, '#older', HTMLButtonElement).disabled = next === null
    return true
  }

  function showRefusal({ refusal }: Extract<Answer<DrillsPage>, { kind: 'refused' }>): void {
    show(region, html`<p class="problems" role="alert">${refusal.title} ${refusal.detail}</p>`)
  }

  function turnTo(page: string | null): void {
    after = page
    stop()
    stop = ask()
  }

  region.addEventListener('change', ({ target }) => {
    if (!(target instanceof HTMLInputElement)) return
    if (target.checked) chosen.add(target.value)
    else chosen.delete(target.value)
    compare.disabled = chosen.size < 2
  })
  compare.addEventListener('click', () => {
    location.hash = `#/compare?ids=${[...chosen].map(encodeURIComponent).join(',')}`
  })
  find(root, '#newest', HTMLButtonElement).addEventListener('click', () => turnTo(null))
  find(root, '#older', HTMLButtonElement).addEventListener('click', () => turnTo(cursorOf(next)))
  return () => {
    stop()
    trend.dispose()
    show(root, html``)
  }
}

const EMPTY = html`<div class="empty"><h2>No drill yet</h2><p>A drill puts load on the server, causes or watches an event, such as a failover, and reports how long clients were out and whether a commit was lost.</p><a class="button" href="#/start">Start the first drill</a></div>`

/** The link to the next page holds the cursor; the rest of it is the page's own business. */
const cursorOf = (next: string | null): string | null =>
  next === null ? null : new URL(next, 'http://localhost').searchParams.get('after')

function trendOf(root: HTMLElement) {
  const element = find(root, '#trend', HTMLElement)
  const words = find(root, '#trend-note', HTMLElement)
  let chart: LiveChart | null = null
  return {
    draw(drills: readonly ListedDrill[]): void {
      const { own, words: says } = likeTheNewest(drills)
      const isDrawn = drillTrendChart(own, { width: 800 }) !== null
      element.hidden = !isDrawn
      words.hidden = !isDrawn
      if (!isDrawn) return
      words.textContent = says
      chart ??= mountChart(element, 'Recovery time and write outage of the listed drills. The table has the figures.')
      chart.draw((room) => drillTrendChart(own, room))
    },
    dispose: () => chart?.dispose(),
  }
}

/** Drills of another server, load or kind of event would draw a line that says nothing about a change. */
function likeTheNewest(drills: readonly ListedDrill[]): { readonly own: ListedDrill[]; readonly words: string } {
  const newest = drills.find(({ report }) => report !== null)
  if (newest === undefined || newest.report === null) return { own: [], words: '' }
  const { like } = newest.report
  const ofServer = drills.filter(
    ({ target, report }) => report !== null && serverKey(target) === serverKey(newest.target),
  )
  const own = ofServer.filter(({ report }) => report !== null && isLike(report.like, like))
  const words = `${newest.target.server}: ${own.length} like drills (${like.words}) of its ${ofServer.length} on this page, oldest first.`
  return { own, words }
}

const drillsTable = (drills: readonly ListedDrill[]): Markup =>
  html`<div class="drills">${onlyTable(
    'Drills, newest first',
    [
      text('Drill'),
      text('Compare'),
      text('State'),
      number('Recovery'),
      number('Write outage'),
      number('Lost'),
      number('Baseline'),
      number('Took'),
    ],
    drills.map(drillRow),
    { cards: true },
  )}</div>`

const drillRow = (drill: ListedDrill): Insert[] => [
  html`<a href="#/drills/${encodeURIComponent(drill.drillId)}">${dateTime(drill.requestedAt)}</a> <small>${drill.target.server}, ${eventsInWords(drill.events)}, ${drill.drillId}</small>${drill.headline && html`<span class="headline">${drill.headline}</span>`}`,
  drill.report && html`<input type="checkbox" value="${drill.drillId}" aria-label="Compare ${drill.drillId}">`,
  stateOf(drill),
  // A drill without a report has no figures at all; of one with a report each figure was measured or not.
  ...(drill.report === null ? ['', '', '', ''] : figureCells(drill.report)),
  duration(drill.elapsedSeconds),
]

const figureCells = ({ figures, worst }: ListedFigures): Insert[] => [
  worstCell(worst.recoveryTime, worst.events),
  worstCell(worst.writeOutage, worst.events),
  count(figures.lost),
  perSecond(figures.baselineTps),
]

const worstCell = (worst: Worst, events: number): Insert => {
  const note = noteOf(worst, events)
  return html`${eventFigureText(worst.measured)}${note && html` <small>${note}</small>`}`
}

const stateOf = ({ verdict, stoppedBy, state, progress, error }: ListedDrill): Insert =>
  verdict !== null
    ? mark(verdictWord({ verdict, stoppedBy }) ?? verdict)
    : state === 'failed'
      ? html`${mark('fail', 'ended without report')} <small>${error}</small>`
      : html`<span class="mark"><span class="running-dot"></span>${progress?.phase ?? state}</span>`
