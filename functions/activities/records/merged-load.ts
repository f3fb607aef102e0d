/**
 * All records of a drill, merged. Three activities need the result within a minute or two, and a long drill takes seconds to
 * merge, so the newest result is kept for as long as the blobs that it came from have not grown.
 */
import { decodeAppRecords, isAppProbeBlob } from '../../../loadgen-image/contract/app-probe.ts'
import { blobNames, type LoadSummary, type ReadyRecord } from '../../../loadgen-image/contract/glossary.ts'
import { pathOf, summing } from '../../archive/sums.ts'
import type { Blobs } from '../../clients/clients.ts'
import type { ClockReading } from '../../merge/clocks.ts'
import { Merge } from '../../merge/merge.ts'
import type { Merged } from '../../merge/merged.ts'
import { readInTimeOrder } from '../../merge/time-order.ts'
import type { SummedFile } from '../../model/files/manifest.ts'
import type { DrillPlan } from '../../model/plan.ts'
import { inTurns } from '../../units/in-turns.ts'
import { containerNumbers } from './containers.ts'
import { loadStartAtMs } from './stored-drill.ts'

export interface MergedLoad {
  readonly merged: Merged
  readonly summaries: readonly LoadSummary[]
  readonly loadStartAtMs: number | null
  /** Of the files that the merge read, by their path in the drill. */
  readonly sums: ReadonlyMap<string, SummedFile>
}

/** What a merge reads from. */
export type ChunkStore = Pick<Blobs, 'list' | 'readJson' | 'readStream'>

export type MergedLoads = (plan: DrillPlan) => Promise<MergedLoad>

/** One result at most: the memory of a long drill is not needed twice. */
export function mergedLoads(blobs: ChunkStore): MergedLoads {
  let newest: { readonly key: string; readonly load: Promise<MergedLoad> } | null = null
  return async (plan) => {
    const chunks = await chunkBlobs(blobs, plan.drillId)
    const key = JSON.stringify([plan.drillId, chunks])
    if (newest?.key === key) return newest.load
    const load = mergeAll(
      blobs,
      plan,
      chunks.map(({ name }) => name),
    )
    newest = { key, load }
    load.catch(() => {
      if (newest?.load === load) newest = null
    })
    return load
  }
}

const isChunk = (name: string): boolean => name.endsWith('.bin')
const isSummary = (name: string): boolean => name.endsWith('/summary.json')

/** Summaries are part of the key: they arrive last, and the merge reads clocks and ends from them. */
const chunkBlobs = async (blobs: ChunkStore, drillId: string) =>
  (await blobs.list(blobNames.chunksPrefix(drillId)))
    .filter(({ name }) => isChunk(name) || isSummary(name) || isAppProbeBlob(name))
    .map(({ name, size }) => ({ name, size }))

async function mergeAll(blobs: ChunkStore, plan: DrillPlan, names: readonly string[]): Promise<MergedLoad> {
  const { drillId } = plan
  const containers = containerNumbers(plan)
  const [summaries, ready, startAtMs] = await Promise.all([
    present(inTurns(containers, 16, (k) => blobs.readJson<LoadSummary>(blobNames.summary(drillId, k)))),
    present(inTurns(containers, 16, (k) => blobs.readJson<ReadyRecord>(blobNames.ready(drillId, k)))),
    loadStartAtMs(blobs, drillId),
  ])
  const clocks: ClockReading[] = [...ready, ...summaries]
  const merge = new Merge({ clocks })
  const sums = new Map<string, SummedFile>()
  // The merge reads every byte of the largest files: their sums cost no second reading.
  const piecesOf = (name: string) =>
    summing(pathOf(drillId, name), read(blobs, name), (file) => {
      sums.set(file.path, file)
    })
  const pieces = names.filter(isChunk).map(piecesOf)
  await readInTimeOrder(pieces, (record) => merge.add(record))
  for (const name of names.filter(isAppProbeBlob)) await readApplications(piecesOf(name), merge)
  return {
    merged: merge.finish({ plan: plan.load, loadStartAtMs: startAtMs, summaries }),
    summaries,
    loadStartAtMs: startAtMs,
    sums,
  }
}

/** Line by line: pieces end anywhere. */
async function readApplications(pieces: AsyncIterable<Uint8Array>, merge: Merge): Promise<void> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const piece of pieces) {
    const bytes = Buffer.concat([rest, piece])
    const end = bytes.lastIndexOf(NEW_LINE) + 1
    for (const record of decodeAppRecords(bytes.subarray(0, end))) merge.addApplication(record)
    rest = bytes.subarray(end)
  }
}

const NEW_LINE = 0x0a

async function* read(blobs: ChunkStore, name: string): AsyncGenerator<Uint8Array> {
  yield* (await blobs.readStream(name)) ?? []
}

const present = async <T>(all: Promise<ReadonlyArray<T | null>>): Promise<T[]> =>
  (await all).filter((one) => one !== null)
