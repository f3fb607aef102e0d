/** evidence.zip: every file of a drill, and last its manifest. */
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import { drillBlobs } from '../model/blob-paths.ts'
import {
  digestOf,
  isChunk,
  isRaw,
  MANIFEST,
  type Manifest,
  reportFacts,
  type SummedFile,
} from '../model/files/manifest.ts'
import type { Report } from '../model/report.ts'
import { type ArchiveStore, contentOf, pathOf, summing } from './sums.ts'
import { type ZipFile, zipOf } from './zip-writer.ts'

export const EVIDENCE_FILE = 'evidence.zip'

export interface EvidenceFile {
  readonly path: string
  readonly bytes: number
}

export interface Evidence {
  readonly drillId: string
  /** As the newest report was computed from them. */
  readonly raw: readonly SummedFile[]
  readonly report: Report
  /** In the archive, in this order; with their lengths before they are compressed. */
  readonly files: readonly EvidenceFile[]
  readonly hasChunks: boolean
}

/** Null: the drill has no report. */
export async function findEvidence(store: ArchiveStore, drillId: string, hasChunks: boolean): Promise<Evidence | null> {
  const [report, raw] = await Promise.all(
    [drillBlobs.report(drillId, 'report.json'), drillBlobs.rawFiles(drillId)].map((name) => store.readText(name)),
  )
  if (!report || !raw) return null
  const blobs = await store.list(blobNames.drillPrefix(drillId))
  const files = blobs
    .map(({ name, size }) => ({ path: pathOf(drillId, name), bytes: size }))
    .filter(({ path }) => hasChunks || !isChunk(path))
  return {
    drillId,
    raw: JSON.parse(raw) as SummedFile[],
    report: JSON.parse(report) as Report,
    files,
    hasChunks,
  }
}

export async function* evidenceZip(store: ArchiveStore, evidence: Evidence): AsyncGenerator<Uint8Array> {
  yield* zipOf(filesOf(store, evidence))
}

async function* filesOf(store: ArchiveStore, evidence: Evidence): AsyncGenerator<ZipFile> {
  const { drillId, files } = evidence
  const included: SummedFile[] = []
  for (const { path } of files)
    yield {
      name: path,
      content: summing(path, contentOf(store, drillId, path), (file) => {
        included.push(file)
      }),
    }
  yield { name: MANIFEST, content: textOf(`${JSON.stringify(manifestOf(evidence, included), null, 2)}\n`) }
}

async function* textOf(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

function manifestOf({ raw, report, hasChunks }: Evidence, included: readonly SummedFile[]): Manifest {
  const paths = new Set(included.map(({ path }) => path))
  const left = raw.filter(({ path }) => !paths.has(path))
  const files = [
    ...included.map((file) => ({ ...file, isIncluded: true })),
    ...left.map((file) => ({ ...file, isIncluded: false })),
  ]
  return {
    schema: 1,
    ...reportFacts(report),
    hasChunks,
    files,
    raw: digestOf(files.filter(({ path }) => isRaw(path))),
    whole: digestOf(files),
  }
}
