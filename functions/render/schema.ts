/** The published JSON Schema of report.json, from the same definition that the code checks against, laid out as the formatter of this repository does. */
import * as z from 'zod'
import { reportSchema } from '../model/report.ts'

export const renderReportSchema = (): string =>
  `${laidOut(
    {
      $id: 'pg-failover-drill/report.schema.json',
      title: 'Report of a failover drill',
      ...z.toJSONSchema(reportSchema),
    },
    '',
    0,
  )}\n`

const LINE_WIDTH = 120

/** Objects over several lines; an array on one line when it holds no object and fits behind `taken` characters. */
function laidOut(value: unknown, indent: string, taken: number): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const inner = `${indent}  `
  if (!Array.isArray(value)) {
    const fields = Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .map(([key, field]) => `${inner}${JSON.stringify(key)}: ${laidOut(field, inner, inner.length + key.length + 4)}`)
    return fields.length === 0 ? '{}' : `{\n${fields.join(',\n')}\n${indent}}`
  }
  const items = value.map((item) => laidOut(item, inner, inner.length))
  const line = `[${items.join(', ')}]`
  if (!line.includes('\n') && taken + line.length <= LINE_WIDTH - 1) return line
  return `[\n${items.map((item) => `${inner}${item}`).join(',\n')}\n${indent}]`
}
