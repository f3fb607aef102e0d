/** The published JSON Schema of report.json, from the same definition that the code checks against. */
import { z } from 'zod'
import { reportSchema } from '../drill/report.ts'

export const renderReportSchema = (): string =>
  `${JSON.stringify(
    {
      $id: 'pg-failover-drill/report.schema.json',
      title: 'Report of a failover drill',
      ...z.toJSONSchema(reportSchema),
    },
    null,
    2,
  )}\n`
