/**
 * The report's charts in the page: the same options, with values under the pointer, redrawn when the room changes. The library is
 * larger than all else of the page together, so it is fetched when the first chart is drawn, and no figure waits for it.
 */
import type { ECharts, EChartsOption } from 'echarts'
import type { Chart, Room } from '../../../render/charts/drawing/chart.ts'
import { NOT_MEASURED, relativeTime, seconds } from '../../../units/units.ts'

export interface LiveChart {
  draw(make: (room: Room) => Chart | null): void
  dispose(): void
}

const INTERACTION: EChartsOption = {
  tooltip: {
    trigger: 'axis',
    confine: true,
    backgroundColor: 'var(--page)',
    borderColor: 'var(--line)',
    textStyle: { color: 'var(--ink)', fontSize: 12 },
    valueFormatter: (value) => (typeof value === 'number' ? seconds(value) : NOT_MEASURED),
  },
  axisPointer: {
    link: [{ xAxisIndex: 'all' }],
    lineStyle: { color: 'var(--muted)' },
    label: { formatter: ({ value }) => (typeof value === 'number' ? relativeTime(value) : String(value)) },
  },
}

type Legends = Readonly<Record<string, boolean>>

export function mountChart(element: HTMLElement, label: string): LiveChart {
  element.classList.add('chart')
  element.setAttribute('role', 'img')
  element.setAttribute('aria-label', label)
  let instance: ECharts | null = null
  let isLoading = false
  let isGone = false
  let latest: ((room: Room) => Chart | null) | null = null
  let drawnWidth = 0
  let selected: Legends = {}

  async function load(): Promise<void> {
    if (isLoading) return
    isLoading = true
    // A chart that cannot be fetched now is fetched again at the next draw; the figures stand without it.
    const library = await import('echarts').catch(() => null)
    isLoading = false
    if (library === null) element.style.height = ''
    if (library === null || isGone) return
    instance = library.init(element, null, { renderer: 'svg', width: 100, height: 10 })
    instance.on('legendselectchanged', (event) => {
      selected = (event as { selected: Legends }).selected
    })
    redraw()
  }

  function redraw(): void {
    const width = element.clientWidth
    if (latest === null || width === 0) return
    const chart = latest({ width })
    if (chart === null) return
    // Its room is taken before its library is there: what stands below does not move.
    element.style.height = `${chart.height}px`
    if (instance === null) return void load()
    drawnWidth = width
    instance.resize({ width, height: chart.height })
    instance.setOption(withSelection({ ...chart.option, ...INTERACTION }, selected), { notMerge: true })
  }

  const observer = new ResizeObserver(() => {
    if (element.clientWidth !== drawnWidth) redraw()
  })
  observer.observe(element)
  return {
    draw(make) {
      latest = make
      redraw()
    },
    dispose() {
      isGone = true
      observer.disconnect()
      instance?.dispose()
    },
  }
}

/** A series that the reader has switched off stays off when new values arrive. */
function withSelection(option: EChartsOption, selected: Legends): EChartsOption {
  const { legend } = option
  const legends = legend === undefined ? [] : Array.isArray(legend) ? legend : [legend]
  return { ...option, legend: legends.map((one) => ({ ...one, selected })) }
}
