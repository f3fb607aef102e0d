/** ECharts on the server: options in, SVG text out. Nothing is written to a page or a file here. */
import { CustomChart, LineChart, ScatterChart } from 'echarts/charts'
import {
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
} from 'echarts/components'
import { init, setPlatformAPI, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { escapeHtml } from '../../text/markup.ts'
import { type Chart, FONT_SIZE, type Room, textWidth } from './chart.ts'

use([
  CustomChart,
  LineChart,
  ScatterChart,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
  SVGRenderer,
])

setPlatformAPI({
  measureText: (text, font) => ({
    width: textWidth(text, Number.parseFloat(/([\d.]+)px/.exec(font ?? '')?.[1] ?? '') || FONT_SIZE),
  }),
})

export interface Naming {
  /** Unique on the page: prefixes the ids inside the drawing. */
  readonly id: string
  /** What a screen reader says in place of the drawing. */
  readonly label: string
  readonly className?: string
  /** More markup inside the drawing, in its coordinates. */
  readonly overlay?: string
}

export function renderSvg({ option, height }: Chart, { width }: Room, naming: Naming): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  try {
    chart.setOption(option)
    return tidy(chart.renderToSVGString({ useViewBox: true }), naming)
  } finally {
    chart.dispose()
  }
}

/**
 * The renderer numbers its ids by a counter of the process and adds hover styles for a page with scripts: neither belongs
 * into a file that must be the same for the same drill. Marks without a viewer's interest keep their geometry only.
 */
function tidy(svg: string, { id, label, className, overlay }: Naming): string {
  return svg
    .replace(/<style\s*>[\s\S]*?<\/style>/g, '')
    .replace(/ class="zr\d+-cls-\d+"/g, '')
    .replace(/ pointer-events="visible"/g, '')
    .replace(/zr\d+-/g, `${id}-`)
    .replace(/ xmlns:xlink="[^"]*"| version="1\.1"| baseProfile="full"/g, '')
    .replace(/\n+/g, '\n')
    .replace('<svg ', `<svg role="img" aria-label="${escapeHtml(label)}"${className ? ` class="${className}"` : ''} `)
    .replace('</svg>', `${overlay ?? ''}</svg>`)
}
