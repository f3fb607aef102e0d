/**
 * Shows a running drill: one line per phase and per note of what it waits for and, while the load runs, one line per second. A terminal also gets a progress bar.
 * Every text is a function of statuses.
 */
import { styleText } from 'node:util'
import type { DrillStatus, LivePoint, Phase } from '../../../functions/model/status.ts'

export interface ProgressView {
  show(status: DrillStatus): void
  note(text: string): void
  end(): void
}

export interface Terminal {
  readonly isTTY: boolean
  readonly columns: number
  write(text: string): void
}

export const terminalOf = (stream: NodeJS.WriteStream): Terminal => ({
  isTTY: stream.isTTY === true,
  columns: stream.columns || 120,
  write: (text) => stream.write(text),
})

/** `loadSeconds`: length of the load; null: not known. */
export function createProgressView(terminal: Terminal, loadSeconds: number | null): ProgressView {
  let lastPhase: Phase | null = null
  let lastNote: string | null = null
  let lastSecond: number | null = null
  let hasBar = false
  const clearBar = () => {
    if (hasBar) terminal.write('\r\x1b[2K')
    hasBar = false
  }
  const line = (text: string) => {
    clearBar()
    terminal.write(`${text}\n`)
  }
  return {
    show: (status) => {
      const { phase = null, note = null } = status.progress ?? {}
      const news = note === lastNote ? null : note
      if (phase !== null && (phase !== lastPhase || news !== null)) line(phaseLine(status, phase, news))
      lastPhase = phase
      lastNote = note
      for (const point of newPoints(status, lastSecond, loadSeconds)) {
        line(loadLine(status, point))
        lastSecond = point.second
      }
      if (!terminal.isTTY) return
      clearBar()
      terminal.write(barLine(status, loadSeconds).slice(0, terminal.columns - 1))
      hasBar = true
    },
    note: line,
    end: clearBar,
  }
}

/** Seconds of the load that are not shown yet: several after a slow answer. Seconds after the end of the load are left out. */
function newPoints(status: DrillStatus, lastSecond: number | null, loadSeconds: number | null): LivePoint[] {
  const live = status.progress?.live
  if (!live || live.loadSecond === null) return []
  const points = status.history.length > 0 ? status.history : live.latest === null ? [] : [live.latest]
  return points.filter(
    ({ second }) => second >= 0 && second < (loadSeconds ?? Number.POSITIVE_INFINITY) && second > (lastSecond ?? -1),
  )
}

const phaseLine = ({ elapsedSeconds }: DrillStatus, phase: Phase, note: string | null): string =>
  `${clock(elapsedSeconds)}  ${styled('bold', phase)}${note === null ? '' : `  ${note}`}`

/** Phase, second of the load, goodput, errors, clients that are connected, latency, outage. */
function loadLine(status: DrillStatus, point: LivePoint): string {
  return [
    clock(status.elapsedSeconds),
    (status.progress?.phase ?? '').padEnd(9),
    `load ${padded(point.second, 4)} s`,
    `${padded(Math.round(point.goodputTps), 6)} TPS of ${Math.round(point.offeredTps)}`,
    `errors ${padded(Math.round(point.errorsPerSecond), 4)}/s`,
    `missed ${padded(Math.round(point.missedPerSecond), 4)}/s`,
    `clients ${padded(point.clientsConnected, 3)} of ${point.clientsWanted}`,
    `p99 ${point.p99Ms === null ? '      -' : `${point.p99Ms.toFixed(1).padStart(7)}`} ms`,
    outageWords(outageAt(status, point)),
  ].join('  ')
}

/** For the newest second the measured length; for an older one the number of seconds without an acknowledgement. */
function outageAt({ progress, history }: DrillStatus, point: LivePoint): number | null {
  const newest = history.at(-1)?.second ?? point.second
  if (point.second === newest) return progress?.live?.outageSeconds ?? null
  const silent = history.slice(0, history.indexOf(point) + 1).reverse()
  const seconds = silent.findIndex(({ goodputTps }) => goodputTps > 0)
  return seconds === 0 ? null : seconds < 0 ? silent.length : seconds
}

const outageWords = (seconds: number | null): string =>
  seconds === null ? 'outage -' : styled('red', `outage ${seconds.toFixed(1)} s`)

const BAR_WIDTH = 24

/** Progress of the load while it runs, otherwise of the drill's planned duration. */
function barLine(status: DrillStatus, loadSeconds: number | null): string {
  const loadSecond = status.progress?.live?.loadSecond ?? null
  const isLoading = loadSecond !== null && loadSeconds !== null && loadSecond >= 0 && loadSecond <= loadSeconds
  const share = isLoading ? loadSecond / loadSeconds : status.elapsedSeconds / Math.max(1, status.plannedSeconds)
  const filled = Math.round(BAR_WIDTH * Math.min(1, Math.max(0, share)))
  const bar = `${'#'.repeat(filled)}${'-'.repeat(BAR_WIDTH - filled)}`
  const what = isLoading
    ? `load ${Math.floor(loadSecond)} of ${loadSeconds} s`
    : `about ${status.plannedSeconds} s in all`
  return `[${bar}] ${status.progress?.phase ?? 'waiting'}  ${clock(status.elapsedSeconds)}  ${what}`
}

/** mm:ss */
function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  return `${String(Math.floor(whole / 60)).padStart(2, '0')}:${String(whole % 60).padStart(2, '0')}`
}

const padded = (value: number | null, width: number): string => String(value ?? '-').padStart(width)

/** Coloured, except on a pipe or with NO_COLOR. */
export const styled = (style: 'bold' | 'red' | 'green' | 'yellow', text: string): string =>
  styleText(style, text, { stream: process.stdout })
