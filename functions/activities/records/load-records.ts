/** The records of a running load: each poll reads only what was appended since the last one. */

import { decodeAppRecords, isAppProbeBlob } from '../../../loadgen-image/contract/app-probe.ts'
import { decodeRecords } from '../../../loadgen-image/contract/chunk.ts'
import { blobNames } from '../../../loadgen-image/contract/glossary.ts'
import { decodeProbeRecords } from '../../../loadgen-image/contract/step-probe.ts'
import type { Clients } from '../../clients/clients.ts'
import type { ContainerSigns } from '../../live/event-safety.ts'
import { emptyLive, foldRecords, type LiveRecord, type LiveState } from '../../live/live.ts'
import { foldApplications } from '../../live/live-applications.ts'
import { foldWays } from '../../live/live-ways.ts'
import { drillBlobs } from '../../model/blob-paths.ts'
import { inTurns } from '../../units/in-turns.ts'
import { isStepProbeBlob } from './step-probe-records.ts'

const isChunk = (name: string): boolean => name.endsWith('.bin')

interface NewRecords {
  readonly state: LiveState
  /** By container: when storage last received records of it, by the clock of storage. */
  readonly receivedAtMs: ReadonlyMap<number, number>
}

export async function readNewRecords(
  blobs: Clients['blobs'],
  drillId: string,
  previous: LiveRecord | null,
): Promise<NewRecords> {
  const known = { ...emptyLive, ...previous?.state }
  const all = await blobs.list(blobNames.chunksPrefix(drillId))
  const chunks = all.filter(({ name }) => isChunk(name))
  const ofProbes = all.filter(({ name }) => isAppProbeBlob(name) || isStepProbeBlob(name))
  const grown = [...chunks, ...ofProbes].filter(({ name, size }) => size > (known.cursors[name] ?? 0))
  const pieces = await inTurns(grown, 8, async ({ name }) => {
    const offset = known.cursors[name] ?? 0
    return { name, offset, bytes: (await blobs.readFrom(name, offset)) ?? new Uint8Array() }
  })
  const read = pieces.map(({ name, offset, bytes }) => [name, offset + bytes.byteLength] as const)
  const next = { ...known, cursors: { ...known.cursors, ...Object.fromEntries(read) } }
  const receivedAtMs = new Map<number, number>()
  for (const { name, lastModified } of chunks) {
    const container = Number(name.slice(blobNames.chunksPrefix(drillId).length).split('/', 1)[0])
    receivedAtMs.set(container, Math.max(Date.parse(lastModified), receivedAtMs.get(container) ?? 0))
  }
  const records = <T>(isOne: (name: string) => boolean, decode: (bytes: Uint8Array) => Iterable<T>): T[] =>
    pieces.flatMap(({ name, bytes }) => (isOne(name) ? [...decode(bytes)] : []))
  const state = foldRecords(next, records(isChunk, decodeRecords))
  const applications = foldApplications(state.applications, records(isAppProbeBlob, decodeAppRecords))
  const ways = foldWays(state.ways, records(isStepProbeBlob, decodeProbeRecords))
  return { state: { ...state, applications, ways }, receivedAtMs }
}

/** What storage holds of every container at this moment. The watch updates the state; this only reads it. */
export async function signsOfContainers(
  blobs: Clients['blobs'],
  drillId: string,
  containers: readonly number[],
): Promise<ContainerSigns[]> {
  const previous = await blobs.readJson<LiveRecord>(drillBlobs.live(drillId))
  const { state } = await readNewRecords(blobs, drillId, previous)
  return containers.map((container) => ({
    container,
    newestSecond: state.containers[container]?.newestSecond ?? null,
    lastCommitSecond: state.containers[container]?.lastCommitSecond ?? null,
  }))
}
