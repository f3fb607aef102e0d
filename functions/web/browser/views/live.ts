/** A drill that is running: phase, progress, load and latency as they move, the outage, containers, server metrics. */
import { wordsOf } from '../../../event-kinds/kinds.ts'
import type { JournalEntry } from '../../../model/report.ts'
import { type DrillStatus, type Live, type LiveGenerator, type LiveWay, PHASES } from '../../../model/status.ts'
import { liveChart } from '../../../render/charts/live.ts'
import { mark } from '../../../render/html/elements/components.ts'
import { html, type Insert, type Markup } from '../../../render/text/markup.ts'
import { liveWayText, WAY_NAMES } from '../../../render/text/way-words.ts'
import { MOMENT_NAMES } from '../../../render/text/words.ts'
import {
  clock,
  count,
  dateTime,
  duration,
  milliseconds,
  NOT_MEASURED,
  perSecond,
  seconds,
} from '../../../units/units.ts'
import { type MetricHistory, remember } from '../../history.ts'
import { abortDrill } from '../page/api.ts'
import { mountChart } from '../page/chart.ts'
import { find, show } from '../page/page.ts'
import type { Shell } from '../page/shell.ts'
import { offerAbort } from './abort.ts'
import type { Pane } from './finished.ts'
import { serverMetrics } from './server-metrics.ts'

const FRAME = html`<div class="heading"><div id="title"></div><p class="actions"><button id="ask-abort" type="button" class="danger">Abort</button></p></div>
<p id="abort-answer" class="note" role="status"></p>
<div id="progress"></div>
<div id="figures"></div>
<section id="chart-part" aria-labelledby="chart-title"><h2 id="chart-title">The last five minutes</h2><div id="chart"></div><div id="moments" role="status"></div></section>
<div id="ways"></div>
<div id="applications"></div>
<section aria-labelledby="server-title"><h2 id="server-title">Server</h2><div id="server"></div></section>
<section aria-labelledby="containers-title"><h2 id="containers-title">Load generators</h2><div id="containers"></div></section>
<section aria-labelledby="journal-title"><h2 id="journal-title">Journal</h2><div id="journal"></div></section>`

export function livePane(root: HTMLElement, shell: Shell): Pane {
  show(root, FRAME)
  const chart = mountChart(
    find(root, '#chart', HTMLElement),
    'Load and response time of the last minutes, live. The figures above are the newest.',
  )
  const region = (id: string): HTMLElement => find(root, `#${id}`, HTMLElement)
  let history: MetricHistory = {}
  let journal: readonly JournalEntry[] = []
  let drillId = ''
  const stopAsking = offerAbort(root, shell, {
    title: 'Abort this drill?',
    words:
      'The load stops, the containers are removed, and a report is written with the verdict ABORTED. A failover that has begun goes on: it cannot be undone.',
    confirm: 'Abort the drill',
    abort: () => abortDrill(drillId),
    done: 'Abort requested. The drill cleans up and writes its report; this takes a moment.',
  })

  return {
    update(status) {
      drillId = status.drillId
      const live = status.progress?.live ?? null
      history = remember(history, live?.metrics ?? [])
      show(region('title'), title(status))
      show(region('progress'), progress(status))
      show(region('figures'), figures(live))
      show(region('ways'), ways(live))
      show(region('applications'), applications(live))
      show(region('server'), serverMetrics(live, history))
      show(region('containers'), containers(live))
      journal = grown(journal, status.progress?.journal ?? [])
      show(region('journal'), journalList(journal))
      show(region('moments'), moments(status))
      chart.draw((room) => liveChart(status.history, live?.moments ?? [], room))
    },
    dispose() {
      stopAsking()
      chart.dispose()
      show(root, html``)
    },
  }
}

const title = ({ drillId, target, requestedAt, events }: DrillStatus): Markup =>
  html`<h1>${target.server}</h1><p class="note">drill <b>${drillId}</b>, requested ${dateTime(requestedAt)}, database ${target.database}</p><p class="note">Events: ${eventsAt(events)}</p>`

const eventsAt = (events: DrillStatus['events']): string =>
  events.length === 0
    ? 'none'
    : events
        .map(
          (event) =>
            `${wordsOf(event)} ${event.kind === 'external' ? 'from' : 'at'} ${seconds(event.atSeconds)} of load`,
        )
        .join(', ')

function progress({ progress: now, state, elapsedSeconds, plannedSeconds }: DrillStatus): Markup {
  const phase = now?.phase ?? null
  const reached = phase === null ? -1 : PHASES.indexOf(phase)
  const share = Math.min(1, plannedSeconds > 0 ? elapsedSeconds / plannedSeconds : 0)
  const remaining = plannedSeconds - elapsedSeconds
  return html`<ol class="phases" aria-label="Phases">${PHASES.map((name, index) =>
    index === reached
      ? html`<li class="now" aria-current="step">${name}</li>`
      : index < reached
        ? html`<li class="done">${name}</li>`
        : html`<li>${name}</li>`,
  )}</ol>
<progress max="1" value="${share.toFixed(3)}" aria-label="Progress of the drill"></progress>
<p class="elapsed"><span>${phase === null ? state : now?.note}</span><span>${duration(elapsedSeconds)} of about ${duration(plannedSeconds)}${remaining > 0 ? `, ${duration(remaining)} left` : ''}</span></p>`
}

const figure = (term: string, value: string, below: Insert = null, className = ''): Markup =>
  html`<div class="${className}"><dt>${term}</dt><dd class="${value === NOT_MEASURED ? 'unmeasured' : ''}">${value}${below && html`<small>${below}</small>`}</dd></div>`

function figures(live: Live | null): Markup {
  const latest = live?.latest ?? null
  const down = live?.outageSeconds ?? null
  return html`<dl class="now-figures">
${figure('Goodput', perSecond(latest?.goodputTps), `of ${perSecond(latest?.offeredTps)} offered`)}
${figure('Response p99', milliseconds(latest?.p99Ms), `p50 ${milliseconds(latest?.p50Ms)}`)}
${figure('Errors', latest ? `${count(latest.errorsPerSecond)}/s` : NOT_MEASURED, `${count(live?.errors)} so far`)}
${figure('Missed', latest ? `${count(latest.missedPerSecond)}/s` : NOT_MEASURED, `${count(live?.missed)} so far`)}
${figure('Clients', latest ? `${count(latest.clientsConnected)} of ${count(latest.clientsWanted)}` : NOT_MEASURED, 'connected')}
${figure('Acknowledged', count(live?.acknowledged), live?.loadSecond == null ? 'the load has not started' : `in ${duration(Math.max(0, live.loadSecond))} of load`)}
${down === null ? figure('Outage', latest ? 'none' : NOT_MEASURED, latest && 'commits are acknowledged') : figure('Outage', seconds(down), 'no commit is acknowledged', 'down')}
</dl>`
}

/** What the marks on the chart mean, in words and figures. */
function moments({ history, progress: now, events }: DrillStatus): Markup {
  const known = now?.live?.moments ?? []
  if (history.length === 0) return html`<p class="absent">The load has not started.</p>`
  return html`${
    known.length > 0 &&
    html`<ol class="moments">${known.map(
      ({ moment, event, second }) =>
        html`<li><b>${moment.toUpperCase()}</b> ${MOMENT_NAMES[moment]}${events.length > 1 && ` (${eventName(events, event)})`} <span class="value">${seconds(second)}</span></li>`,
    )}</ol>`
  }<p class="note">Time since the load started. ${known.length === 0 ? 'Events are marked as they happen.' : 'As seen so far; the report times them exactly.'}</p>`
}

function eventName(events: DrillStatus['events'], index: number): string {
  const planned = events[index]
  return planned === undefined ? `event ${index + 1}` : `event ${index + 1}, ${wordsOf(planned)}`
}

/** What a new connection meets now, by each way to the server. */
const ways = (live: Live | null): Markup => {
  const all = live?.ways ?? []
  return all.length === 0
    ? html``
    : html`<section aria-labelledby="ways-title"><h2 id="ways-title">A new connection</h2><dl class="now-figures">${all.map(
        (way) =>
          figure(WAY_NAMES[way.way], liveWayText(way), `at ${seconds(way.second)} of load`, isOut(way) ? 'down' : ''),
      )}</dl></section>`
}

const isOut = ({ state }: LiveWay): boolean => state !== 'wrote' && state !== 'not watched'

/** Their records are seconds old, and the second says how old. */
const applications = (live: Live | null): Markup => {
  const all = live?.applications ?? []
  return all.length === 0
    ? html``
    : html`<section aria-labelledby="applications-title"><h2 id="applications-title">Applications</h2><dl class="now-figures">${all.map(
        ({ name, second, good, failed, failingSeconds }) =>
          figure(
            name,
            failingSeconds === null ? 'answers' : `fails for ${seconds(failingSeconds)}`,
            `at ${seconds(second)} of load; ${count(good)} good, ${count(failed)} failed so far`,
            failingSeconds === null ? '' : 'down',
          ),
      )}</dl></section>`
}

const containers = (live: Live | null): Markup =>
  live === null
    ? html`<p class="absent">None has a record yet.</p>`
    : html`<p class="note">${count(live.containers.ready)} of ${count(live.containers.wanted)} ready, ${count(live.containers.running)} running, ${count(live.containers.failed)} failed</p>
<ol class="generators">${(live.generators ?? []).map(generator)}</ol>`

const generator = ({ container, state, newestSecond, lastCommitSecond }: LiveGenerator): Markup =>
  html`<li class="${state}"><b>${count(container)}</b> <span class="state">${state}</span> <small>${
    newestSecond === null
      ? 'no record yet'
      : `records to ${duration(Math.max(0, newestSecond))}, ${lastCommitSecond === null ? 'no commit yet' : `last commit at ${duration(Math.max(0, lastCommitSecond))}`}`
  }</small></li>`

// ---- Journal ------------------------------------------------------------------------------------------------------------

const keyOf = ({ at, phase, step, attempt }: JournalEntry): string => [at, phase, step, attempt].join()

/** The status has the newest entries only: what this page has seen stays. */
function grown(known: readonly JournalEntry[], newest: readonly JournalEntry[]): readonly JournalEntry[] {
  const all = new Map([...known, ...newest].map((entry) => [keyOf(entry), entry]))
  return [...all.values()].sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0))
}

const journalList = (entries: readonly JournalEntry[]): Markup =>
  entries.length === 0
    ? html`<p class="absent">No step has ended yet.</p>`
    : html`<ol class="journal" reversed>${entries
        .toReversed()
        .map(
          ({ at, phase, step, result, detail }) =>
            html`<li><span class="value">${clock(at).slice(0, 8)}</span> ${mark(result)} <b>${step}</b> <span class="phase">${phase}</span> <span class="detail">${detail}</span></li>`,
        )}</ol><p class="note">The newest first, as this page has seen them; the report has all.</p>`
