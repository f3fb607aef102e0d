/** SHA-256 of the files of a drill, read piece by piece. */
import { createHash } from 'node:crypto'
import { blobNames } from '../../loadgen-image/contract/glossary.ts'
import type { Blobs } from '../clients/clients.ts'
import { isRaw, type SummedFile } from '../model/files/manifest.ts'

export type ArchiveStore = Pick<Blobs, 'list' | 'readText' | 'readStream'>
export type PieceStore = Pick<Blobs, 'readText' | 'readFrom'>

/** Hands the pieces on, and notes their sum once all of them have been read. */
export async function* summing(
  path: string,
  pieces: AsyncIterable<Uint8Array>,
  note: (file: SummedFile) => void,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const piece of pieces) {
    hash.update(piece)
    bytes += piece.byteLength
    yield piece
  }
  note({ path, bytes, sha256: hash.digest('hex') })
}

export const pathOf = (drillId: string, blob: string): string => blob.slice(blobNames.drillPrefix(drillId).length)

/** Its address at the platform may hold a signature, and proves nothing: the request's id stays. */
const withoutPollerToken = (text: string): string =>
  JSON.stringify({ ...(JSON.parse(text) as object), pollerToken: undefined })

const isAnswer = (path: string): boolean => /^evidence\/events\/[^/]+\/answer-\d+\.json$/.test(path)

/** The content of a file as the archive holds it. */
export async function* contentOf(store: ArchiveStore, drillId: string, path: string): AsyncGenerator<Uint8Array> {
  const blob = `${blobNames.drillPrefix(drillId)}${path}`
  if (isAnswer(path)) yield Buffer.from(withoutPollerToken((await store.readText(blob)) ?? '{}'))
  else yield* (await store.readStream(blob)) ?? []
}

/** So many bytes of it, for a reader that fetches it in pieces; null: there is no such file. */
export async function pieceOf(
  store: PieceStore,
  drillId: string,
  path: string,
  from: number,
  maxBytes: number,
): Promise<Uint8Array | null> {
  const blob = `${blobNames.drillPrefix(drillId)}${path}`
  if (!isAnswer(path)) return store.readFrom(blob, from, maxBytes)
  const text = await store.readText(blob)
  return text === null ? null : Buffer.from(withoutPollerToken(text)).subarray(from, from + maxBytes)
}

async function sumOf(store: ArchiveStore, drillId: string, path: string): Promise<SummedFile> {
  let file: SummedFile | null = null
  const pieces = summing(path, contentOf(store, drillId, path), (found) => {
    file = found
  })
  for await (const _ of pieces);
  return file as unknown as SummedFile
}

/** The raw files of a drill. `known` are sums by path that need not be computed again: the records of the load are large. */
export async function rawFiles(
  store: ArchiveStore,
  drillId: string,
  known: ReadonlyMap<string, SummedFile>,
): Promise<SummedFile[]> {
  const blobs = await store.list(blobNames.drillPrefix(drillId))
  const files: SummedFile[] = []
  for (const path of blobs.map(({ name }) => pathOf(drillId, name)).filter(isRaw))
    files.push(known.get(path) ?? (await sumOf(store, drillId, path)))
  return files
}
