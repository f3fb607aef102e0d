import { expect, test } from 'vitest'
import type { DrillStatus, LivePoint, Phase } from '../../../functions/model/status.ts'
import { createProgressView, type Terminal } from '../../../infra/local/cli/drill-progress.ts'
import { runningDrill } from '../../browser/statuses.ts'
import { aLivePoint } from '../../support/builders.ts'

const LOAD_SECONDS = 40

const aPoint = (second: number, goodputTps = 398.6): LivePoint => {
  const p99Ms = goodputTps > 0 ? 12.34 : null
  return aLivePoint({
    second,
    offeredTps: 400,
    goodputTps,
    errorsPerSecond: 2,
    clientsConnected: 9,
    clientsWanted: 20,
    p99Ms,
  })
}

/** A status whose history are these points, the newest last. */
function aStatus(
  phase: Phase,
  elapsedSeconds: number,
  history: readonly LivePoint[],
  outageSeconds: number | null = null,
  note: string | null = null,
): DrillStatus {
  const { status } = runningDrill(0)
  const latest = history.at(-1) ?? null
  const live = status.progress?.live && {
    ...status.progress.live,
    loadSecond: latest?.second ?? null,
    latest,
    outageSeconds,
  }
  const progress = status.progress && { ...status.progress, phase, note, live: live ?? null }
  return { ...status, elapsedSeconds, plannedSeconds: 80, progress, history }
}

function written(isTTY: boolean, statuses: readonly DrillStatus[]): string {
  const parts: string[] = []
  const terminal: Terminal = { isTTY, columns: 200, write: (part) => void parts.push(part) }
  const view = createProgressView(terminal, LOAD_SECONDS)
  for (const status of statuses) view.show(status)
  view.end()
  return parts.join('')
}

test('without a terminal there is one plain line per phase and per second of load', () => {
  const [five, six] = [aPoint(5), aPoint(6)]
  const text = written(false, [
    aStatus('check', 1, []),
    aStatus('check', 2, []),
    aStatus('baseline', 10.4, [five]),
    aStatus('baseline', 10.8, [five]),
    aStatus('baseline', 11.4, [five, six]),
  ])
  expect(text.split('\n')).toEqual([
    '00:01  check',
    '00:10  baseline',
    '00:10  baseline   load    5 s     399 TPS of 400  errors    2/s  missed    0/s  clients   9 of 20  p99    12.3 ms  outage -',
    '00:11  baseline   load    6 s     399 TPS of 400  errors    2/s  missed    0/s  clients   9 of 20  p99    12.3 ms  outage -',
    '',
  ])
})

test('what the drill waits for is shown once, in the phase in which it waits', () => {
  const busy = 'refused with 409 ServerIsBusy'
  const text = written(false, [
    aStatus('event', 30, []),
    aStatus('event', 31, [], null, busy),
    aStatus('event', 32, [], null, busy),
    aStatus('watch', 46, []),
    aStatus('watch', 47, [], null, 'infrastructure: gone'),
    aStatus('clean up', 48, [], null, 'infrastructure: gone'),
  ])
  expect(text.split('\n')).toEqual([
    '00:30  event',
    `00:31  event  ${busy}`,
    '00:46  watch',
    '00:47  watch  infrastructure: gone',
    '00:48  clean up',
    '',
  ])
})

test('seconds that passed between two answers are shown too, with the length of the outage so far', () => {
  const points = [aPoint(11), aPoint(12, 0), aPoint(13, 0), aPoint(14, 0)]
  const text = written(false, [aStatus('watch', 16, points, 2.75)])
  expect(text.match(/outage .*/g)).toEqual(['outage -', 'outage 1.0 s', 'outage 2.0 s', 'outage 2.8 s'])
})

test('seconds after the load are not shown as load', () => {
  const text = written(false, [aStatus('watch', 60, [aPoint(LOAD_SECONDS - 1), aPoint(LOAD_SECONDS, 0)])])
  expect(text.match(/load +\d+ s/g)).toEqual(['load   39 s'])
})

test('on a terminal the bar is rewritten in place and removed at the end', () => {
  const text = written(true, [aStatus('check', 8, []), aStatus('baseline', 20, [aPoint(20)])])
  expect(text).toContain('[##----------------------] check  00:08  about 80 s in all')
  expect(text).toContain('[############------------] baseline  00:20  load 20 of 40 s')
  expect(text.endsWith('\r\u001b[2K')).toBe(true)
})
