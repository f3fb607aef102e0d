/** Verifies evidence.zip: its sums, and every figure that its raw files give, by the code that computed the report. No network. */
import { computeReport } from '../../../functions/activities/write-report.ts'
import { criteriaToJudge } from '../../../functions/criteria/defaults.ts'
import { judgeCriteria } from '../../../functions/criteria/judge.ts'
import { withoutGeneratorFaults } from '../../../functions/criteria/verdict.ts'
import type { ChartData } from '../../../functions/model/chart-data.ts'
import {
  digestOf,
  isChunk,
  isRaw,
  MANIFEST,
  type Manifest,
  reportFacts,
} from '../../../functions/model/files/manifest.ts'
import { loadPlanOf } from '../../../functions/model/load-plan.ts'
import type { StoredRequest } from '../../../functions/model/plan.ts'
import { type Report, reportSchema } from '../../../functions/model/report.ts'
import { renderers } from '../../../functions/render/formats.ts'
import { summaryOf } from '../../../functions/render/summary.ts'
import type { ReportData } from '../../../functions/render/text/report-data.ts'
import { CannotRun, wordsOf } from '../process/problem.ts'
import { archiveBlobs, readWhole } from './archive-blobs.ts'
import { type FigureRow, figureRows, fileDifferences } from './comparison.ts'
import { type CheckedSums, checkSums } from './sums-check.ts'
import type { ZipArchive } from './zip-reader.ts'

export interface Verification {
  readonly manifest: Manifest
  /** Where the archive contradicts itself. */
  readonly differences: readonly string[]
  /** What could not be recomputed: nothing is said of it. */
  readonly unverified: readonly string[]
  /** What was recomputed, as it is given and as it was computed; empty without the records of the load. */
  readonly figures: readonly FigureRow[]
  /** What was done, for a reader. */
  readonly done: readonly string[]
}

type Part = Omit<Verification, 'manifest'>

const RAW = 'the raw files'

export async function verify(zip: ZipArchive): Promise<Verification> {
  const given = await givenReport(zip)
  const { sums, differences } = await sumDifferences(zip, given)
  const hasChunks = sums.manifest.files.every(({ path, isIncluded }) => isIncluded || !isChunk(path))
  const rest = hasChunks ? await recomputed(zip, sums.manifest, given) : await withoutRecords(zip, given)
  return {
    ...rest,
    manifest: sums.manifest,
    differences: [...differences, ...rest.differences],
    done: [`${sums.files.length} files: SHA-256 ${sums.manifest.whole.sha256}`, ...rest.done],
  }
}

/** What the files are by their sums, and by what the manifest and the report say of each other: without computing a figure. */
export async function sumDifferences(
  zip: ZipArchive,
  given: Report,
): Promise<{ readonly sums: CheckedSums; readonly differences: readonly string[] }> {
  const sums = await checkSums(zip)
  const page = await textOf(zip, 'report.html')
  const named = [...repeatedFacts(sums.manifest, given), ...namedDigest(sums, given, page)]
  return { sums, differences: [...sums.differences, ...named] }
}

const textOf = async (zip: ZipArchive, name: string): Promise<string | null> =>
  (await readWhole(zip, `report/${name}`))?.toString('utf8') ?? null

async function givenReport(zip: ZipArchive): Promise<Report> {
  const text = await textOf(zip, 'report.json')
  if (text === null) throw new CannotRun('There is no report/report.json in the archive, so there is nothing to verify')
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new CannotRun('report/report.json is not JSON, so there is nothing to verify')
  }
  const parsed = reportSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0] ?? { path: [], message: '' }
  throw new CannotRun(
    `report/report.json is no report of this version of pg-failover-drill (${path.join('.')}: ${message}). Verify with the version that wrote it`,
  )
}

/** What the manifest repeats from the report. */
const repeatedFacts = (manifest: Manifest, given: Report): string[] =>
  Object.entries(reportFacts(given)).flatMap(([name, wanted]) => {
    const repeated = manifest[name as keyof ReturnType<typeof reportFacts>]
    return JSON.stringify(repeated) === JSON.stringify(wanted)
      ? []
      : [`${MANIFEST} names the ${name} ${JSON.stringify(repeated)}, and report.json ${JSON.stringify(wanted)}`]
  })

/** The report names the raw files that it was computed from. */
function namedDigest({ files }: CheckedSums, { evidence }: Report, page: string | null): string[] {
  const found = digestOf(files.filter(({ path }) => isRaw(path))).sha256
  return [
    ...(evidence?.sha256 === found
      ? []
      : [`report.json names the raw files by ${evidence?.sha256 ?? 'no sum'}; those in the archive have ${found}`]),
    ...(page === null || page.includes(found)
      ? []
      : [`report.html does not name the raw files of the archive, ${found}`]),
  ]
}

// ---- With the records of the load -------------------------------------------------------------------------------------

async function recomputed(zip: ZipArchive, { drillId }: Manifest, given: Report): Promise<Part> {
  let data: ReportData
  try {
    data = await computeReport(archiveBlobs(zip, drillId), drillId)
  } catch (error) {
    if (error instanceof CannotRun) throw error
    const why = `the report cannot be computed from the raw files: ${wordsOf(error)}`
    return { differences: [why], unverified: figureNames(given), figures: [], done: [] }
  }
  const { report: _, ...charts } = data
  const plan = await planDifferences(zip)
  const figures = figureRows(given, data.report)
  const chartData = { name: 'chart-data.json', render: () => JSON.stringify(charts) }
  return {
    differences: [...plan, ...(await compared(zip, [...renderers, chartData], data, RAW))],
    unverified: [],
    figures,
    done: [`computed again from the raw files: ${figures.length} headline figures, ${renderers.length + 1} files`],
  }
}

/** What the load generators were given follows from the request; a drill that did not start gave them none. */
async function planDifferences(zip: ZipArchive): Promise<string[]> {
  const [given, request] = await Promise.all(['plan.json', 'request.json'].map((path) => readWhole(zip, path)))
  if (!given || !request) return []
  const { plan } = JSON.parse(request.toString('utf8')) as StoredRequest
  const computed = JSON.stringify(loadPlanOf(plan))
  return fileDifferences({ name: 'plan.json' }, given.toString('utf8'), computed, 'the fields of request.json')
}

type Rendering = { readonly name: string; render(data: ReportData): string }

/** report.json first: the other files repeat its figures. */
async function compared(
  zip: ZipArchive,
  all: readonly Rendering[],
  data: ReportData,
  source: string,
): Promise<string[]> {
  const first = all.toSorted((one, other) => Number(other.name === 'report.json') - Number(one.name === 'report.json'))
  const found: string[] = []
  for (const file of first)
    found.push(...fileDifferences(file, await textOf(zip, file.name), file.render(data), source))
  return found
}

// ---- Without them -----------------------------------------------------------------------------------------------------

const figureNames = (report: Report): string[] => {
  const { figures, verdict } = summaryOf(report)
  return [`verdict ${verdict}`, ...Object.entries(figures).map(([name, { words }]) => `${name} ${words}`)]
}

/** The other files repeat report.json, and its criteria follow from its figures; whether these are right is not known. */
async function withoutRecords(zip: ZipArchive, given: Report): Promise<Part> {
  const charts = await textOf(zip, 'chart-data.json')
  if (charts === null)
    return { differences: ['chart-data.json is missing'], unverified: figureNames(given), figures: [], done: [] }
  let data: ReportData
  try {
    data = { ...(JSON.parse(charts) as ChartData), report: given }
  } catch {
    return { differences: ['chart-data.json is not JSON'], unverified: figureNames(given), figures: [], done: [] }
  }
  const views = renderers.filter(({ name }) => name !== 'report.json')
  return {
    differences: [
      ...(await compared(zip, views, data, 'report.json and chart-data.json')),
      ...(await criteriaDifferences(zip, given)),
    ],
    unverified: figureNames(given),
    figures: [],
    done: [
      `rendered again from report.json: ${views.length} files`,
      'judged again: every criterion, by the figures of report.json',
    ],
  }
}

async function criteriaDifferences(zip: ZipArchive, given: Report): Promise<string[]> {
  const text = (await readWhole(zip, 'request.json'))?.toString('utf8')
  if (text === undefined) return ['request.json is missing']
  const { plan } = JSON.parse(text) as StoredRequest
  // Without a load nothing is judged.
  const objectives = given.stoppedBy === null ? criteriaToJudge(plan.criteria, plan.load) : []
  const judged = withoutGeneratorFaults(judgeCriteria(objectives, given, plan.load.targetTps), given.generator)
  return judged.flatMap((criterion, i) =>
    JSON.stringify(criterion) === JSON.stringify(given.criteria[i])
      ? []
      : [
          `report.json: the criterion ${criterion.objective} is judged ${given.criteria[i]?.verdict ?? 'not at all'}; its own figures give ${criterion.verdict}: ${criterion.why}`,
        ],
  )
}
