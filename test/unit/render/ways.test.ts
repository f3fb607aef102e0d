/** The picture of the ways to the server: what it draws of each way, and whether its colours stay apart for every reader. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WAY_STATES, type WayState } from '../../../functions/model/chart-data.ts'
import type { EventWay, Report } from '../../../functions/model/report.ts'
import { boxOf, patternPath, STATE_MARKS } from '../../../functions/render/charts/drawing/state-marks.ts'
import { renderSvg } from '../../../functions/render/charts/drawing/svg.ts'
import { waterfallChart } from '../../../functions/render/charts/waterfall.ts'
import { wayRowsOf } from '../../../functions/render/charts/way-rows.ts'
import { waterfall } from '../../../functions/render/html/sections/waterfall.ts'
import { COLOUR_VARIABLES } from '../../../functions/render/html/style.ts'
import { sampleReport } from '../../golden/samples.ts'

const pass = await sampleReport('PASS')
const { t0, t1, t2 } = pass.moments
const sinceT0 = (iso: string | null) => (Date.parse(iso ?? '') - Date.parse(t0 ?? '')) / 1000
const [T1, T2] = [sinceT0(t1), sinceT0(t2)]
const isoAt = (second: number) => new Date(Date.parse(t0 ?? '') + Math.round(second * 1000)).toISOString()

type Step = readonly [state: WayState, from: number, to: number]

function aWay(way: EventWay['way'], steps: readonly Step[], own: Partial<EventWay> = {}): EventWay {
  const [first, last] = [steps[0], steps.at(-1)]
  return {
    way,
    steps: steps.map(([state, from, to]) => ({
      ...{ state, code: '', fromAt: isoAt(from), toAt: isoAt(to) },
      seconds: Math.round((to - from) * 1000) / 1000,
    })),
    backAt: last === undefined ? null : isoAt(last[2]),
    outSeconds: first === undefined || last === undefined ? 0 : last[2] - first[1],
    longerThanDirectSeconds: null,
    notMeasuredWhy: null,
    ...own,
  }
}

const withWays = (...ways: readonly EventWay[]): Report => ({
  ...pass,
  events: pass.events.map((event) => (event.number === pass.worstEvent ? { ...event, ways: [...ways] } : event)),
})

const partsOf = (way: EventWay) =>
  wayRowsOf(withWays(way))[0]?.parts.map(({ state, from, to }) => [state, from, to].map(rounded))
const rounded = (value: string | number) => (typeof value === 'number' ? Math.round(value * 1000) / 1000 : value)
const drawn = (report: Report, width = 860) => {
  const chart = waterfallChart(report, { width })
  return chart === null ? '' : renderSvg(chart, { width }, { id: 'w', label: 'w' })
}

describe('a way in the waterfall', () => {
  const steps: readonly Step[] = [
    ['refused', T1 + 0.05, T1 + 2],
    ['read-only', T1 + 2, T1 + 3.5],
  ]

  test('has its states where they were, and its writes until T2', () =>
    expect(partsOf(aWay('direct', steps))).toEqual([
      ...steps.map((step) => step.map(rounded)),
      ['wrote', rounded(T1 + 3.5), rounded(T2)],
    ]))

  test('that was back after T2 has no writes: what it did later is not in the report', () =>
    expect(partsOf(aWay('pgbouncer', [['no reply', T1, T2 + 3]]))).toEqual([['no reply', T1, T2 + 3].map(rounded)]))

  test('that took writes throughout is drawn as writes from T1 to T2', () => {
    expect(partsOf(aWay('direct', []))).toEqual([['wrote', T1, T2].map(rounded)])
    expect(drawn(withWays(aWay('direct', [])))).toContain('took writes throughout')
  })

  test('that was not measured is empty, and says so', () => {
    const way = aWay('direct', [], { notMeasuredWhy: 'the step probe did not run all the time', outSeconds: null })
    expect(partsOf(way)).toEqual([])
    expect(drawn(withWays(way))).toMatch(/>straight<[\s\S]*>not measured</)
  })

  test('that was never back is cut, so that the other steps keep their room', () => {
    const way = aWay('direct', [['refused', T1, T1 + 500]], { backAt: null, outSeconds: null })
    expect(waterfallChart(withWays(way), { width: 860 })?.option.xAxis).toMatchObject({
      max: expect.toSatisfy((max: number) => max < 30),
    })
    expect(drawn(withWays(way))).toContain('not back')
  })

  test('stands below the write outage, both ways side by side', () => {
    const svg = drawn(withWays(aWay('direct', steps), aWay('pgbouncer', steps)))
    const order = ['Write outage', 'straight', 'through PgBouncer', 'Last client back'].map((words) =>
      svg.indexOf(words),
    )
    expect(order).toEqual(order.toSorted((a, b) => a - b))
    expect(order).not.toContain(-1)
  })

  test('is in words for a reader who does not see the drawing, and its legend names its states and no other', () => {
    const page = waterfall(withWays(aWay('direct', steps))).text
    expect(page).toMatch(/aria-label="[^"]*straight: refused 1\.95 s, read-only 1\.50 s, wrote\./)
    const legend = /<ul class="states">[\s\S]*?<\/ul>/.exec(page)?.[0] ?? ''
    expect([...legend.matchAll(/<\/svg> ([^<]+)<\/li>/g)].map(([, name]) => name)).toEqual([
      'refused',
      'read-only',
      'wrote',
    ])
  })

  test('of a drill without a step probe is not there', () => {
    const report = withWays()
    expect(wayRowsOf(report)).toEqual([])
    expect(waterfall(report).text).not.toContain('class="states"')
  })

  test('is drawn for any course, and each state has the words of its length where there is room', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(...WAY_STATES), fc.integer({ min: 1, max: 20_000 })), {
          minLength: 1,
          maxLength: 20,
        }),
        fc.constantFrom(360, 860),
        (lengths, width) => {
          let at = T1
          const course = lengths.map(([state, ms]): Step => {
            at += ms / 1000
            return [state, at - ms / 1000, at]
          })
          const svg = drawn(withWays(aWay('direct', course), aWay('pgbouncer', course)), width)
          expect(svg).not.toMatch(/NaN|undefined|Infinity/)
        },
      ),
      { numRuns: 60 },
    ))
})

describe('the states', () => {
  test('are drawn in different ways', () => {
    const box = { x: 0, y: 0, width: 40, height: 16 }
    const looks = WAY_STATES.map(
      (state) => `${STATE_MARKS[state].fill} ${patternPath(state, box)} ${boxOf(state, box).height}`,
    )
    expect(new Set(looks).size).toBe(WAY_STATES.length)
  })

  test('have patterns that stay inside of their boxes', () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...WAY_STATES),
        fc.record({ x: fc.integer({ max: 900, min: -50 }), width: fc.integer({ min: 1, max: 500 }) }),
        (state, { x, width }) => {
          const box = { x, y: 10, width, height: 16 }
          for (const [, px, py] of patternPath(state, box).matchAll(/[ML](\S+) ([\d.-]+)/g)) {
            expect(Number(px)).toBeGreaterThanOrEqual(x - 0.1)
            expect(Number(px)).toBeLessThanOrEqual(x + width + 0.1)
            expect(Number(py)).toBeGreaterThanOrEqual(9.9)
            expect(Number(py)).toBeLessThanOrEqual(26.1)
          }
        },
      ),
    ))

  /** In a light page and in a dark one. */
  const palettes = COLOUR_VARIABLES.split('@media')
    .slice(0, 2)
    .map((block) =>
      [...block.matchAll(/--(s-[\w-]+):(#[0-9a-f]{6})/g)].map(([, name, colour]) => [name, colour] as const),
    )

  test.each(Object.keys(SIGHTS))('have colours that are far apart for %s', (sight) => {
    for (const palette of palettes) {
      expect(palette).toHaveLength(6)
      const seen = palette.map(([name, colour]) => ({ name, lab: labOf(seenBy(sight, linearOf(colour ?? ''))) }))
      for (const [i, one] of seen.entries())
        for (const other of seen.slice(i + 1))
          expect(distanceOf(one.lab, other.lab), `${one.name} and ${other.name}`).toBeGreaterThan(MIN_DISTANCE)
    }
  })
})

/** In CIE L*a*b*, where 2.3 is just noticeable. */
const MIN_DISTANCE = 18

type Triple = readonly [number, number, number]

/** Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency" (2009), severity 1. */
const SIGHTS: Readonly<Record<string, readonly [Triple, Triple, Triple]>> = {
  'usual sight': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
}

const linearOf = (hex: string): Triple =>
  [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }) as unknown as Triple

const times = (rows: readonly Triple[], [a, b, c]: Triple): Triple =>
  rows.map(([x, y, z]) => x * a + y * b + z * c) as unknown as Triple

const seenBy = (sight: string, rgb: Triple): Triple =>
  times(SIGHTS[sight] ?? [], rgb).map((value) => Math.min(1, Math.max(0, value))) as unknown as Triple

const TO_XYZ: readonly Triple[] = [
  [0.4124 / 0.9505, 0.3576 / 0.9505, 0.1805 / 0.9505],
  [0.2126, 0.7152, 0.0722],
  [0.0193 / 1.089, 0.1192 / 1.089, 0.9505 / 1.089],
]

function labOf(rgb: Triple): Triple {
  const [x, y, z] = times(TO_XYZ, rgb).map((t) =>
    t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116,
  ) as unknown as Triple
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

const distanceOf = (a: Triple, b: Triple): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
