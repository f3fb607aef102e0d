/** The files of an archive as the blobs of their drill, so that the app's own code reads them. */
import { Readable } from 'node:stream'
import type { Blobs } from '../../../functions/clients/clients.ts'
import { blobNames } from '../../../loadgen-image/contract/glossary.ts'
import { CannotRun } from '../process/problem.ts'
import type { ZipArchive } from './zip-reader.ts'

export type ArchiveBlobs = Pick<Blobs, 'list' | 'readJson' | 'readText' | 'readStream' | 'readFrom'>

/** One document; the records of the load are read as streams. */
const MAX_DOCUMENT_BYTES = 512 * 1024 * 1024

export function archiveBlobs(zip: ZipArchive, drillId: string): ArchiveBlobs {
  const prefix = blobNames.drillPrefix(drillId)
  const pathOf = (name: string) => (name.startsWith(prefix) ? name.slice(prefix.length) : '')
  const readText = async (name: string) => (await readWhole(zip, pathOf(name)))?.toString('utf8') ?? null
  return {
    list: async (under) =>
      zip.names
        .map((path) => ({ name: `${prefix}${path}`, size: zip.sizeOf(path) ?? 0, lastModified: '' }))
        .filter(({ name }) => name.startsWith(under)),
    readText,
    readJson: async <T>(name: string) => parsed<T>(pathOf(name), await readText(name)),
    readStream: async (name) => {
      const content = zip.stream(pathOf(name))
      return content === null ? null : Readable.from(content, { objectMode: false })
    },
    readFrom: async (name, offset) => (await readWhole(zip, pathOf(name)))?.subarray(offset) ?? null,
  }
}

export async function readWhole(zip: ZipArchive, path: string): Promise<Buffer | null> {
  const content = zip.stream(path)
  if (content === null) return null
  if ((zip.sizeOf(path) ?? 0) > MAX_DOCUMENT_BYTES)
    throw new CannotRun(`${path} is too large to be read as one document`)
  const pieces: Uint8Array[] = []
  for await (const piece of content) pieces.push(piece)
  return Buffer.concat(pieces)
}

function parsed<T>(path: string, text: string | null): T | null {
  if (text === null) return null
  try {
    return JSON.parse(text) as T
  } catch {
    throw new Error(`${path} is not JSON`)
  }
}
