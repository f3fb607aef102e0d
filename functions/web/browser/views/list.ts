/** All drills, newest first, a row each: when, what, its verdict, its figures beside those of the like drills before it. */

import { eventFigureText, noteOf } from '../../../event-figures/table.ts'
import { eventsInWords } from '../../../event-kinds/kinds.ts'
import { isLike, type ListedFigures, serverKey } from '../../../model/drill-index.ts'
import { VERDICT_WORDS, verdictWord } from '../../../model/early-end/stopped-by.ts'
import { PLANNED_KINDS } from '../../../model/planned-event.ts'
import type { DrillsPage, ListedDrill } from '../../../model/status.ts'
import { drillTrendChart } from '../../../render/charts/drill-trend.ts'
import { mark, number, onlyTable, text } from '../../../render/html/elements/components.ts'
import { html, type Insert, type Markup } from '../../../render/text/markup.ts'
import { count, counted, dateTime, duration, perSecond } from '../../../units/units.ts'
import { spark } from '../../spark.ts'
import { type Answer, type ListFilter, listDrills } from '../page/api.ts'
import { type LiveChart, mountChart } from '../page/chart.ts'
import { find, show } from '../page/page.ts'
import { poll } from '../page/poll.ts'
import type { View } from '../page/shell.ts'
import { CHOSEN, choiceIn, compareAddress } from './choice.ts'
import { dailyPart } from './daily.ts'
import { rowKeys } from './row-keys.ts'

const VERDICTS = html`${VERDICT_WORDS.map((word) => html`<option value="${word}">${word}</option>`)}<option value="none">none</option>`

const KINDS = html`${[...PLANNED_KINDS, 'none'].map((kind) => html`<option value="${kind}">${kind}</option>`)}`

const FRAME = html`<div class="heading"><h1>Drills</h1><p class="actions"><button id="compare" type="button" disabled>Compare the chosen</button> <a class="button" href="#/start">Start a drill</a></p></div>
<p class="filters"><label>Server <select id="server"><option value="">all</option></select></label> <label>Verdict <select id="verdict"><option value="">all</option>${VERDICTS}</select></label> <label>Event <select id="kind"><option value="">all</option>${KINDS}</select></label> <label>From <input id="from" type="date"></label> <label>To <input id="to" type="date"></label> <span id="filtered" role="status"></span></p>
${CHOSEN}
<div id="no-drill" role="status"></div>
<div id="drills" aria-busy="true"><p class="absent">Loading</p></div>
<p class="note" id="kept"></p>
<p class="note" id="keys" hidden>Keys in the table: <kbd>↑</kbd> <kbd>↓</kbd> move, <kbd>Enter</kbd> opens, <kbd>x</kbd> chooses, <kbd>c</kbd> compares.</p>
<p class="actions" id="paging" hidden><button id="newest" type="button">Newest</button> <button id="older" type="button">Older</button></p>
<details id="trend-part" hidden><summary>Recovery time and write outage over the like drills</summary><div id="trend"></div><p class="note" id="trend-note"></p></details>`

/** `query`: the filters and the page, as they stand in the address. */
export const listView =
  (query: URLSearchParams): View =>
  (root, shell) => {
    show(root, FRAME)
    const region = find(root, '#drills', HTMLElement)
    const compare = find(root, '#compare', HTMLButtonElement)
    const server = find(root, '#server', HTMLSelectElement)
    const [verdict, kind] = ['#verdict', '#kind'].map((id) =>
      find(root, id, HTMLSelectElement),
    ) as Pair<HTMLSelectElement>
    const [from, to] = ['#from', '#to'].map((id) => find(root, id, HTMLInputElement)) as Pair<HTMLInputElement>
    const choice = choiceIn(root, region)
    const trend = trendOf(root)
    const daily = dailyPart(find(root, '#no-drill', HTMLElement), {
      server: () => server.value,
      onAnswer: ({ servers }) => nameServers(server, servers),
    })
    const given = query.get('server') ?? ''
    if (given !== '') server.add(new Option(given))
    for (const field of [server, verdict, kind, from, to]) field.value = query.get(field.id) ?? ''
    let after = query.get('after')
    let next: string | null = null
    let stop = ask()

    function ask(): () => void {
      return poll(shell, { ask: () => listDrills(after, filter()), onValue: showPage, onRefused: showRefusal })
    }

    function filter(): ListFilter {
      return { server: server.value, verdict: verdict.value, kind: kind.value, from: from.value, to: to.value }
    }

    function showPage(page: DrillsPage): boolean {
      next = page.next
      region.removeAttribute('aria-busy')
      const isFiltered = Object.values(filter()).some((value) => value !== '')
      const isPart = after !== null || next !== null
      const none = isPart ? NONE_HERE : isFiltered ? NONE_FITS : EMPTY
      keys.around(() => show(region, page.drills.length === 0 ? none : drillsTable(page.drills)))
      choice.mark()
      nameServers(
        server,
        page.drills.map(({ target }) => target.server),
      )
      trend.draw(page.drills)
      find(root, '#keys', HTMLElement).hidden = page.drills.length === 0
      find(root, '#kept', HTMLElement).textContent = keptWords(page.retentionDays)
      find(root, '#filtered', HTMLElement).textContent =
        isFiltered && next !== null ? 'There may be more on older pages.' : ''
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
      history.pushState(null, '', addressOf(after, filter()))
      stop()
      stop = ask()
      daily.draw()
    }

    for (const field of [server, verdict, kind, from, to]) field.addEventListener('change', () => turnTo(null))
    find(root, '#newest', HTMLButtonElement).addEventListener('click', () => turnTo(null))
    find(root, '#older', HTMLButtonElement).addEventListener('click', () => turnTo(cursorOf(next)))
    const keys = rowKeys(region, () => compare.click())
    return () => {
      stop()
      daily.dispose()
      trend.dispose()
      show(root, html``)
    }
  }

type Pair<T> = [T, T]

const DAY_MS = 86_400_000

/** From when on results are gone. */
const keptWords = (days: number): string =>
  `Drills are kept for ${counted(days, 'day')}: of those requested before ${new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10)} nothing is left.`

const EMPTY = html`<div class="empty"><h2>No drill yet</h2><p>A drill puts load on the server, causes or watches an event, such as a failover, and reports how long clients were out and whether a commit was lost.</p><a class="button" href="#/start">Start the first drill</a></div>`
/** Under a filter the service may find none within one call; the drills of an older page may have expired. */
const NONE_HERE = html`<p class="absent">No drill on this page.</p>`
const NONE_FITS = html`<p class="absent">No drill fits these filters.</p>`

/** A link to a page of the list, and the way back to it. */
function addressOf(after: string | null, filter: ListFilter): string {
  const given = new URLSearchParams(
    Object.entries({ ...filter, after: after ?? '' }).filter(([, value]) => value !== ''),
  )
  return given.size === 0 ? '#/' : `#/?${given}`
}

/** The link to the next page holds the cursor; the rest of it is the page's own business. */
const cursorOf = (next: string | null): string | null =>
  next === null ? null : new URL(next, 'http://localhost').searchParams.get('after')

/** Those of the app, and those that were seen: they stay in the choice, also while the list shows one of them. */
function nameServers(select: HTMLSelectElement, names: readonly string[]): void {
  const known = [...select.options].map(({ value }) => value)
  for (const name of new Set(names)) if (!known.includes(name)) select.add(new Option(name))
}

function trendOf(root: HTMLElement) {
  const part = find(root, '#trend-part', HTMLDetailsElement)
  let chart: LiveChart | null = null
  let own: readonly ListedDrill[] = []
  // The chart's library is fetched only when a reader looks at it.
  const drawOpened = (): void => {
    if (!part.open) return
    chart ??= mountChart(
      find(root, '#trend', HTMLElement),
      'Recovery time and write outage of the listed drills. The table has the figures.',
    )
    chart.draw((room) => drillTrendChart(own, room))
  }
  part.addEventListener('toggle', drawOpened)
  return {
    draw(drills: readonly ListedDrill[]): void {
      const { own: like, words } = likeTheNewest(drills)
      own = like
      part.hidden = drillTrendChart(own, { width: 800 }) === null
      if (part.hidden) return
      find(root, '#trend-note', HTMLElement).textContent = words
      drawOpened()
    },
    dispose: () => chart?.dispose(),
  }
}

/** Drills of another server, load or kind of event would draw a line that says nothing about a change. */
const areLike = (one: ListedDrill, other: ListedDrill): boolean =>
  one.report !== null &&
  other.report !== null &&
  serverKey(one.target) === serverKey(other.target) &&
  isLike(one.report.like, other.report.like)

function likeTheNewest(drills: readonly ListedDrill[]): { readonly own: ListedDrill[]; readonly words: string } {
  const newest = drills.find(({ report }) => report !== null)
  if (newest === undefined || newest.report === null) return { own: [], words: '' }
  const ofServer = drills.filter(
    ({ target, report }) => report !== null && serverKey(target) === serverKey(newest.target),
  )
  const own = ofServer.filter((drill) => areLike(drill, newest))
  const words = `${newest.target.server}: ${own.length} like drills (${newest.report.like.words}) of its ${ofServer.length} on this page, oldest first.`
  return { own, words }
}

const drillsTable = (drills: readonly ListedDrill[]): Markup =>
  html`<div class="drills">${onlyTable(
    'Drills, newest first',
    [
      text('Drill'),
      text('Event'),
      text('Verdict'),
      number('Recovery'),
      number('Lost'),
      number('Baseline'),
      text('Compare'),
    ],
    drills.map((drill, index) => drillRow(drill, likeBefore(drill, drills.slice(index + 1)))),
    { cards: true },
  )}</div>`

/** Points of a sparkline. */
const MAX_POINTS = 10

/** The like drills before this one on the page, newest first. */
const likeBefore = (drill: ListedDrill, older: readonly ListedDrill[]): ListedDrill[] =>
  older.filter((one) => areLike(one, drill)).slice(0, MAX_POINTS - 1)

const drillRow = (drill: ListedDrill, before: readonly ListedDrill[]): Insert[] => [
  html`<a href="#/drills/${encodeURIComponent(drill.drillId)}" title="${drill.headline ?? drill.drillId}">${dateTime(drill.requestedAt).slice(0, 16)}</a> <small>${drill.target.server}</small>`,
  eventsInWords(drill.events),
  stateOf(drill),
  // A drill without a report has no figures at all; of one with a report each figure was measured or not.
  ...(drill.report === null ? ['', '', ''] : figureCells(drill.report, before)),
  comparison(drill, before[0]),
]

const figureCells = ({ figures, worst }: ListedFigures, before: readonly ListedDrill[]): Insert[] => {
  const note = noteOf(worst.recoveryTime, worst.events)
  const earlier = before.map(({ report }) => report?.figures.recoveryTimeSeconds ?? null).reverse()
  return [
    html`<span>${spark([...earlier, figures.recoveryTimeSeconds ?? null])}${eventFigureText(worst.recoveryTime.measured)}${note && html` <small>${note}</small>`}</span>`,
    count(figures.lost),
    perSecond(figures.baselineTps),
  ]
}

/** With the like drill before it in one step; with others by choosing them. */
const comparison = ({ drillId, report }: ListedDrill, before: ListedDrill | undefined): Insert =>
  report &&
  html`<span><input type="checkbox" value="${drillId}" aria-label="Choose ${drillId} for a comparison">${
    before &&
    html` <a href="${compareAddress([before.drillId, drillId])}" aria-label="Compare ${drillId} with the one before">with the one before</a>`
  }</span>`

const stateOf = ({ verdict, stoppedBy, state, progress, error, elapsedSeconds }: ListedDrill): Insert => {
  if (verdict !== null)
    return html`${mark(verdictWord({ verdict, stoppedBy }) ?? verdict)}${stoppedBy && html` <small>${stoppedBy.why}</small>`}`
  return state === 'failed'
    ? html`${mark('fail', 'ended without report')} <small>${error}</small>`
    : html`<span class="mark"><span class="running-dot"></span>${progress?.phase ?? state}</span> <small>for ${duration(Math.floor(elapsedSeconds / 60) * 60)}</small>`
}
