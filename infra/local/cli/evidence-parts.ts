/** evidence.zip of a drill whose archive is larger than an answer of the app can be: made here, of files that are fetched piece by piece. */
import { createWriteStream, mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { type EvidenceFile, evidenceZip, findEvidence } from '../../../functions/archive/evidence-zip.ts'
import { type ArchiveStore, pathOf } from '../../../functions/archive/sums.ts'
import { blobNames } from '../../../loadgen-image/contract/glossary.ts'
import { wordsOf } from '../process/problem.ts'
import type { DrillApi } from './drill-client.ts'

/** Null when it is written; otherwise why not, and nothing is left of it. */
export async function keepInParts(api: DrillApi, drillId: string, file: string): Promise<string | null> {
  try {
    const store = storeBehind(api, drillId, await api.evidenceFiles(drillId))
    const evidence = await findEvidence(store, drillId, true)
    if (evidence === null) return `drill ${drillId} has no evidence`
    mkdirSync(dirname(file), { recursive: true })
    await pipeline(Readable.from(evidenceZip(store, evidence)), createWriteStream(file))
    return null
  } catch (error) {
    rmSync(file, { force: true })
    return wordsOf(error)
  }
}

/** The drill's files behind the API, as the app reads them from storage. */
function storeBehind(api: DrillApi, drillId: string, files: readonly EvidenceFile[]): ArchiveStore {
  const prefix = blobNames.drillPrefix(drillId)
  const named = new Map(files.map((file) => [file.path, file]))
  async function* pieces({ path, bytes }: EvidenceFile): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes; ) {
      const piece = await api.evidencePiece(drillId, path, at)
      if (piece.byteLength === 0) return
      at += piece.byteLength
      yield piece
    }
  }
  const find = (blob: string) => named.get(pathOf(drillId, blob))
  return {
    list: async () => files.map(({ path, bytes }) => ({ name: `${prefix}${path}`, size: bytes, lastModified: '' })),
    readText: async (blob) => {
      const file = find(blob)
      return file === undefined ? null : text(Readable.from(pieces(file), { objectMode: false }))
    },
    readStream: async (blob) => {
      const file = find(blob)
      return file === undefined ? null : Readable.from(pieces(file), { objectMode: false })
    },
  }
}
