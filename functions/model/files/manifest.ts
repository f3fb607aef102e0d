/**
 * manifest.json of evidence.zip: every file with its SHA-256.
 *
 * A file cannot name the digest of an archive that holds it. So the report names the digest of the raw files, from which every
 * other file of the archive can be computed again; the manifest, which is in no other file, names the digest of all of them.
 */
import { createHash } from 'node:crypto'
import * as z from 'zod'
import { VERDICTS } from '../report/criterion.ts'
import type { Report } from '../report.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

const summedFile = z.object({ path: z.string(), bytes: z.number().int(), sha256 })

const digest = z.object({
  files: z.number().int(),
  bytes: z.number().int(),
  sha256: sha256.describe('Over the lines "<sha256>  <path>" of the files, in the order of their paths'),
})

export const manifestSchema = z.object({
  schema: z.literal(1),
  drillId: z.string(),
  verdict: z.enum(VERDICTS),
  headline: z.string(),
  image: z.string().nullable().describe('Of the load generators, with its digest'),
  platformRequestIds: z.array(z.string()),
  hasChunks: z.boolean().describe('Whether the records of the load are in the archive'),
  files: z.array(summedFile.extend({ isIncluded: z.boolean() })),
  raw: digest.describe('Of the raw files, included or not; report.json and report.html name it'),
  whole: digest.describe('Of all files'),
})

export type Manifest = z.infer<typeof manifestSchema>
export type SummedFile = z.infer<typeof summedFile>
export type FilesDigest = z.infer<typeof digest>

/** What the manifest repeats from the report, for a reader who has no other file open. */
export const reportFacts = ({ drillId, verdict, headline, setup, requests }: Report) => ({
  drillId,
  verdict,
  headline,
  image: setup['Load generator image'] ?? null,
  platformRequestIds: requests.flatMap(({ requestId }) => requestId ?? []),
})

export const MANIFEST = 'manifest.json'

const byPath = (one: SummedFile, other: SummedFile): number =>
  one.path < other.path ? -1 : one.path > other.path ? 1 : 0

/** As `sha256sum` prints them, so that it can check an unpacked archive. */
export const sumLines = (files: readonly SummedFile[]): string =>
  files
    .toSorted(byPath)
    .map(({ path, sha256: sum }) => `${sum}  ${path}\n`)
    .join('')

export const digestOf = (files: readonly SummedFile[]): FilesDigest => ({
  files: files.length,
  bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  sha256: createHash('sha256').update(sumLines(files)).digest('hex'),
})

/** The records of the load: too large to be sent unless asked for. */
export const isChunk = (path: string): boolean =>
  path.startsWith('containers/') && /\.(bin|probe|jsonl|csv)$/.test(path)

/**
 * What the report was computed from, and what does not change after it. The others: the report itself, notes of timers, what
 * the live view used, and the undoing of an event, which may end after the drill.
 */
export const isRaw = (path: string): boolean =>
  !/^(manifest\.json$|report\/|lease\.json$|evidence\/(live|overdue|absent|absences|amendments|raw-files)\.json$|evidence\/logs\/|evidence\/events\/\D)/.test(
    path,
  )
