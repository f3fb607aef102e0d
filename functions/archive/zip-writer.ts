/** A ZIP archive, written while its files are read: a piece of one file is in memory, however large the files are. */
import { Zip, ZipDeflate } from 'fflate'

export interface ZipFile {
  readonly name: string
  readonly content: AsyncIterable<Uint8Array>
}

/** The archive has no time zone and needs no times: its files name their own. */
const NO_TIME = new Date(1980, 0, 1)

/** Places and lengths are written with 32 bits. */
const MAX_BYTES = 0xffffffff

export async function* zipOf(files: AsyncIterable<ZipFile>, maxBytes = MAX_BYTES): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = []
  let written = 0
  const zip = new Zip((error, piece) => {
    if (error !== null) throw error
    written += piece.byteLength
    if (written > maxBytes) throw new Error('a ZIP archive holds 4 GB at most, and these files need more')
    ready.push(piece)
  })
  for await (const { name, content } of files) {
    const file = new ZipDeflate(name, { level: 6 })
    file.mtime = NO_TIME
    zip.add(file)
    for await (const piece of content) {
      file.push(piece)
      yield* ready.splice(0)
    }
    file.push(new Uint8Array(0), true)
    yield* ready.splice(0)
  }
  zip.end()
  yield* ready.splice(0)
}
