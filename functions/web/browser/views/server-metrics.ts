/** The server: its state, one line on its health, and its metrics as bars with the last five minutes behind them. */
import type { Live, LiveMetric } from '../../../model/status.ts'
import { mark } from '../../../render/html/elements/components.ts'
import { html, type Markup, raw } from '../../../render/text/markup.ts'
import { clock, inUnit } from '../../../units/units.ts'
import { GAUGES, type Gauge, healthOf, type Level, levelOf } from '../../health.ts'
import { type MetricHistory, type Sample, summarise } from '../../history.ts'

const WORDS: Readonly<Record<Level, string>> = {
  good: 'good',
  warn: 'elevated',
  bad: 'critical',
  plain: '',
  unmeasured: '',
}

const SHAPES: Readonly<Record<Level, string>> = {
  good: 'pass',
  warn: 'unknown',
  bad: 'fail',
  plain: 'pass',
  unmeasured: 'unknown',
}

export function serverMetrics(live: Live | null, history: MetricHistory): Markup {
  if (live === null) return html`<p class="absent">Not looked at yet.</p>`
  const health = healthOf(live.metrics)
  return html`<p class="health">${stateMark(live)}</p>
<p class="health">${mark(SHAPES[health.level], health.words)}</p>
<p class="note">Platform metrics have a resolution of a minute and come late: what happens now is in the figures and the chart above.</p>
<dl class="gauges">${GAUGES.map((gauge) => gaugeRow(gauge, live.metrics, history[gauge.metric] ?? []))}</dl>`
}

/** During an event the resources look well although no client is served, so the state comes first. */
function stateMark({ serverState, haState, primaryZone }: Live): Markup {
  const zone = primaryZone === null ? '' : `, primary in zone ${primaryZone}`
  const words = `Server ${serverState ?? 'state not known'}, high availability ${haState ?? 'not known'}${zone}`
  return mark(serverState === 'Ready' && haState === 'Healthy' ? 'pass' : 'unknown', words)
}

function gaugeRow(gauge: Gauge, metrics: readonly LiveMetric[], samples: readonly Sample[]): Markup {
  const metric = metrics.find(({ name }) => name === gauge.metric)
  const value = metric?.value ?? null
  const unit = metric?.unit ?? ''
  const level = levelOf(gauge, value)
  const { average, maximum } = summarise(samples)
  const full = gauge.full ?? maximum ?? 1
  return html`<div class="gauge ${level}"><dt><span>${gauge.label}</span><span class="word ${level}">${WORDS[level]}</span></dt>
<dd><span class="value">${inUnit(value, unit)}</span>${value !== null && gauge.full !== null && meter(value / gauge.full)}${samples.length > 1 && past(samples, full)}
<small>${samples.length > 1 ? html`5 min: <span>average ${inUnit(average, unit)},</span> <span>highest ${inUnit(maximum, unit)}</span>` : value !== null && `at ${clock(metric?.at).slice(0, 5)} UTC`}</small></dd></div>\n`
}

const meter = (share: number): Markup =>
  raw(
    `<svg class="meter" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="8" rx="2"/><rect class="fill" width="${(100 * Math.min(1, Math.max(0, share))).toFixed(1)}" height="8" rx="2"/></svg>`,
  )

function past(samples: readonly Sample[], full: number): Markup {
  const from = Date.parse(samples[0]?.at ?? '')
  const span = Math.max(1, Date.parse(samples.at(-1)?.at ?? '') - from)
  const points = samples.map(({ at, value }) => {
    const x = ((Date.parse(at) - from) / span) * 100
    return `${x.toFixed(1)} ${(26 - 24 * Math.min(1, value / Math.max(full, 1e-9))).toFixed(1)}`
  })
  return raw(
    `<svg class="past" viewBox="0 0 100 26" preserveAspectRatio="none" aria-hidden="true"><path d="M${points.join('L')}"/></svg>`,
  )
}
