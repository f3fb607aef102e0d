/** `/api/drills/compare`: reports side by side, in the requested order; the dashboard lays them over each other, aligned on T1. */
import type { HttpRequest, HttpResponseInit } from '@azure/functions'
import { isDrillId } from '../../../loadgen-image/contract/load-plan.ts'
import type { Clients } from '../../clients/clients.ts'
import { drillBlobs } from '../../model/blob-paths.ts'
import type { ChartData, TimelineRow } from '../../model/chart-data.ts'
import { COMPARED_PARTS, type ComparedDrill, type Comparison, MAX_COMPARED } from '../../model/history/compared.ts'
import type { Report } from '../../model/report.ts'
import { downsample } from '../../render/charts/drawing/downsample.ts'
import { alignOnT1 } from '../../report-model/trend.ts'
import { badQuery, json, notFound } from '../responses.ts'

/** As many as a screen is wide. The seconds of ten drills of five hours are 78 MB. */
const MAX_POINTS = 900

type Storage = Pick<Clients['blobs'], 'readJson'>

export const compareApi = ({ blobs }: { readonly blobs: Storage }) => ({
  compare: (request: HttpRequest) => compare(blobs, request),
})

async function compare(blobs: Storage, request: HttpRequest): Promise<HttpResponseInit> {
  const ids = (request.query.get('ids') ?? '').split(',').filter((id) => id !== '')
  if (ids.length < 2 || ids.length > MAX_COMPARED || !ids.every(isDrillId))
    return badQuery('ids', request.query.get('ids'), `2 to ${MAX_COMPARED} drill ids, separated by commas`)
  const drills: ComparedDrill[] = []
  const missing: string[] = []
  // One at a time: the seconds of a long drill are many megabytes until they are reduced.
  for (const id of ids) {
    const report = await blobs.readJson<Report>(drillBlobs.report(id, 'report.json'))
    if (report === null) missing.push(id)
    else drills.push(comparedDrill(report, (await blobs.readJson<ChartData>(drillBlobs.chartData(id)))?.timeline ?? []))
  }
  if (missing.length > 0) return notFound(`report of ${missing.join(', ')}`)
  return json(200, { drills } satisfies Comparison)
}

export function comparedDrill(report: Report, timeline: readonly TimelineRow[]): ComparedDrill {
  const parts = Object.fromEntries(COMPARED_PARTS.map((part) => [part, report[part]]))
  const points = alignOnT1(downsample(timeline, MAX_POINTS), report.moments.t1)
  return {
    ...(parts as Pick<Report, (typeof COMPARED_PARTS)[number]>),
    timeline: points.map(({ alignedSeconds, goodput, responseP99Ms }) => ({ alignedSeconds, goodput, responseP99Ms })),
  }
}
