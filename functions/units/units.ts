/**
 * Numbers as text: one rounding rule per kind of figure, used by the sentences of a report (why, headline, caveats),
 * by every renderer, by the terminal and by the dashboard, so that a figure reads the same everywhere.
 * People get three or four digits; files for machines get `exact`. A value that was not measured reads "not measured", never 0.
 */
export const NOT_MEASURED = 'not measured'

type Measured = number | null | undefined

const isMeasured = (value: Measured): value is number => typeof value === 'number' && Number.isFinite(value)

/** 2391004 -> 2,391,004. The comma does not depend on the host's locale. */
const grouped = (digits: string): string => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ',')

function fixed(value: number, decimals: number): string {
  const [whole = '0', fraction] = Math.abs(value).toFixed(decimals).split('.')
  const text = fraction === undefined ? grouped(whole) : `${grouped(whole)}.${fraction}`
  return value < 0 && Number(value.toFixed(decimals)) !== 0 ? `-${text}` : text
}

const followedBy = (text: string, unit: string): string => (unit === '' ? text : `${text} ${unit}`)

const withUnit = (value: Measured, unit: string, decimals: (size: number) => number): string =>
  isMeasured(value) ? followedBy(fixed(value, decimals(Math.abs(value))), unit) : NOT_MEASURED

/** Whole seconds are too coarse to compare with an objective; nothing is measured finer than a millisecond. */
const secondDecimals = (size: number): number => (size === 0 ? 0 : size < 1 ? 3 : size < 10 ? 2 : size < 1000 ? 1 : 0)
const milliDecimals = (size: number): number => (size === 0 ? 0 : size < 10 ? 2 : size < 100 ? 1 : 0)
const rateDecimals = (size: number): number => (size === 0 ? 0 : size < 10 ? 2 : size < 100 ? 1 : 0)
const plainDecimals = (size: number): number =>
  Number.isInteger(size) ? 0 : size < 1 ? 3 : size < 10 ? 2 : size < 1000 ? 1 : 0

export const seconds = (value: Measured): string => withUnit(value, 's', secondDecimals)
export const milliseconds = (value: Measured): string => withUnit(value, 'ms', milliDecimals)
export const perSecond = (value: Measured): string => withUnit(value, 'TPS', rateDecimals)
export const rate = (value: Measured): string => withUnit(value, '', rateDecimals)
export const count = (value: Measured): string => withUnit(value, '', () => 0)
export const plain = (value: Measured, unit = ''): string => withUnit(value, unit, plainDecimals)

/**
 * A share of 1 as a percentage, cut and not rounded: 0.99996 reads 99.99 %, since 100 % means all.
 * The small addend undoes binary fractions such as 0.57 * 100 = 56.99999.
 */
export function share(value: Measured): string {
  if (!isMeasured(value)) return NOT_MEASURED
  return `${fixed(Math.trunc(value * 1e4 + Math.sign(value) * 1e-6) / 100, 2)} %`
}

export const percent = (value: Measured): string => withUnit(value, '%', () => 1)

const BYTE_STEPS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

export function bytes(value: Measured): string {
  if (!isMeasured(value)) return NOT_MEASURED
  const step = Math.min(BYTE_STEPS.length - 1, Math.floor(Math.log2(Math.max(1, Math.abs(value))) / 10))
  return `${fixed(value / 1024 ** step, step === 0 ? 0 : 1)} ${BYTE_STEPS[step]}`
}

export const megabytes = (value: Measured): string => withUnit(value, 'MB', (size) => (size < 100 ? 1 : 0))

const each = (amount: string): string => (amount === NOT_MEASURED ? amount : `${amount}/s`)

/** Units as the report, its criteria and the platform name them. */
const BY_UNIT: Readonly<Record<string, (value: Measured) => string>> = {
  s: seconds,
  seconds,
  ms: milliseconds,
  milliseconds,
  TPS: perSecond,
  tps: perSecond,
  '1/s': perSecond,
  share,
  ratio: share,
  '%': percent,
  percent,
  Percent: percent,
  Bytes: bytes,
  BytesPerSecond: (value) => each(bytes(value)),
  bytesPerSecond: (value) => each(bytes(value)),
  CountPerSecond: (value) => each(plain(value)),
  perSecond: (value) => each(plain(value)),
  // Averaged over a minute or more: the share of the time in which it was so.
  zeroOrOne: share,
  Seconds: seconds,
  MilliSeconds: milliseconds,
  commits: count,
  'yes/no': (value) => (value === 1 ? 'yes' : value === 0 ? 'no' : plain(value)),
  bytes,
  count,
  Count: (value) => plain(value),
  '': (value) => plain(value),
}

/** For figures that carry their unit with them: criteria, metrics, trends. */
export function inUnit(value: Measured, unit: string): string {
  const format = BY_UNIT[unit]
  return format ? format(value) : plain(value, unit)
}

/** A given number, such as a limit: all its digits: a limit is not a measurement and is not rounded. */
export function given(value: Measured, unit: string): string {
  if (!isMeasured(value)) return NOT_MEASURED
  if (unit === 'yes/no') return inUnit(value, unit)
  const isShare = unit === 'share'
  const text = trimmed(fixed(isShare ? value * 100 : value, 6))
  return followedBy(text, isShare ? '%' : (SHOWN_UNITS[unit] ?? unit))
}

const trimmed = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)

const SHOWN_UNITS: Readonly<Record<string, string>> = { tps: 'TPS', count: '' }

/**
 * How far a figure is from what it is compared with. A distance that is not 0 never reads 0: it separates 120.04 s from
 * a limit of 120 s, when the figure itself reads 120.0 s.
 */
export function distance(value: Measured, unit: string): string {
  const usual = inUnit(value, unit)
  if (!isMeasured(value) || value === 0 || /[1-9]/.test(usual)) return usual
  return given(Number(value.toPrecision(1)), unit)
}

/** With its sign always shown: differences and margins. */
export const signed = (value: Measured, unit: string): string =>
  isMeasured(value) && value > 0 ? `+${distance(value, unit)}` : distance(value, unit)

/** For files that programs read: the digits of report.json, to the microsecond where there are fractions. */
export const exact = (value: number | null): number | null => (value === null ? null : Number(value.toFixed(EXACT)))

const EXACT = 3

/** 18000 -> 5 h 0 min; 312 -> 5 min 12 s: for durations in sentences, not for figures that are compared. */
export function duration(value: Measured): string {
  if (!isMeasured(value)) return NOT_MEASURED
  const total = Math.round(value)
  if (total < 60) return `${total} s`
  if (total < 3600) return total % 60 === 0 ? `${total / 60} min` : `${Math.floor(total / 60)} min ${total % 60} s`
  return `${Math.floor(total / 3600)} h ${Math.floor((total % 3600) / 60)} min`
}

export const money = (value: Measured, currency: string): string =>
  isMeasured(value) ? `${fixed(value, value !== 0 && Math.abs(value) < 0.1 ? 4 : 2)} ${currency}` : NOT_MEASURED

/** 2026-11-23T20:33:09.123Z -> 2026-11-23 20:33:09 UTC */
export const dateTime = (iso: string | null | undefined): string =>
  iso ? `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC` : NOT_MEASURED

export const day = (iso: string | null | undefined): string => (iso ? iso.slice(0, 10) : NOT_MEASURED)

/** Time of day to the millisecond, UTC. */
export const clock = (iso: string | null | undefined): string => (iso ? iso.slice(11, 23) : NOT_MEASURED)

/** The tick label of a time axis: -30 s, +1:30, +1:02:00, relative to the moment that the axis is about. */
export function relativeTime(value: number): string {
  if (value === 0) return '0'
  const sign = value < 0 ? '-' : '+'
  const size = Math.abs(value)
  if (size < 60) return `${sign}${Number(size.toFixed(1))} s`
  const two = (n: number): string => String(n).padStart(2, '0')
  const total = Math.round(size)
  const minutes = Math.floor(total / 60)
  return minutes < 60
    ? `${sign}${minutes}:${two(total % 60)}`
    : `${sign}${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(total % 60)}`
}

/** Axis labels of counts: 8000 -> 8k. */
export function axisCount(value: number): string {
  const size = Math.abs(value)
  if (size >= 1e6) return `${Number((value / 1e6).toFixed(1))}M`
  if (size >= 1e3) return `${Number((value / 1e3).toFixed(1))}k`
  return String(Number(value.toFixed(2)))
}

/** Axis labels of lengths: 2.5 -> 2.5 s. */
export const axisSeconds = (value: number): string => `${grouped(String(Number(value.toFixed(3))))} s`

/** Axis labels of latency: 2000 -> 2 s, 5 -> 5 ms. */
export const axisMilliseconds = (value: number): string =>
  value >= 1000 ? `${Number((value / 1000).toFixed(1))} s` : `${Number(value.toFixed(2))} ms`

/** 1 worker, 2 workers. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`

/**
 * Instants and spans as the report prints them: ISO with milliseconds, and seconds that are the difference of two such
 * instants. The difference of two printed instants is the printed span.
 */

const msOfUs = (atUs: number): number => Math.round(atUs / 1000)

export function isoOfUs(atUs: number): string
export function isoOfUs(atUs: number | null): string | null
export function isoOfUs(atUs: number | null): string | null {
  return atUs === null ? null : new Date(msOfUs(atUs)).toISOString()
}

/** Null when one end was not seen. */
export const secondsBetween = (fromUs: number | null, toUs: number | null): number | null =>
  fromUs === null || toUs === null ? null : (msOfUs(toUs) - msOfUs(fromUs)) / 1000
