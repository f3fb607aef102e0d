/**
 * Reads a ZIP archive that may be damaged or hostile: nothing is unpacked to a disk, names are only keys, and a file is never
 * read further than the archive says that it is long.
 */
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs'
import { PassThrough, type Readable } from 'node:stream'
import { createInflateRaw } from 'node:zlib'
import { CannotRun } from '../process/problem.ts'

interface Entry {
  readonly name: string
  readonly method: number
  readonly compressedSize: number
  readonly size: number
  readonly headerAt: number
}

export interface ZipArchive {
  readonly names: readonly string[]
  sizeOf(name: string): number | null
  /** Its content, piece by piece; null: there is no such file. */
  stream(name: string): AsyncGenerator<Uint8Array> | null
  close(): void
}

const MAX_ENTRIES = 50_000
const MAX_DIRECTORY_BYTES = 32 * 1024 * 1024
const MAX_TOTAL_BYTES = 16 * 1024 ** 3
/** Text and records of a drill are compressed to a tenth or a third. */
const MAX_RATIO = 200
const SMALL_BYTES = 16 * 1024 * 1024

const END = { signature: 0x06054b50, bytes: 22, maxComment: 0xffff }
const DIRECTORY = { signature: 0x02014b50, bytes: 46 }
const LOCAL = { signature: 0x04034b50, bytes: 30 }
const STORED = 0
const DEFLATED = 8
const IS_ENCRYPTED = 1
const NEEDS_ZIP64 = 0xffffffff
const SYMBOLIC_LINK = 0xa000

export function openZip(path: string): ZipArchive {
  const refuse = (why: string): never => {
    throw new CannotRun(`${path} cannot be verified: ${why}`)
  }
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const directory = readDirectory(file, size, refuse)
    const entries = new Map<string, Entry>()
    for (const entry of directory.entries) {
      if (entries.has(entry.name)) refuse(`it holds ${shown(entry.name)} twice`)
      entries.set(entry.name, entry)
    }
    refuseBomb(directory.entries, size, refuse)
    refuseHidden(file, directory, refuse)
    return {
      names: [...entries.keys()],
      sizeOf: (name) => entries.get(name)?.size ?? null,
      stream: (name) => {
        const entry = entries.get(name)
        return entry === undefined ? null : contentOf({ path, file, end: directory.at }, entry, refuse)
      },
      close: () => closeSync(file),
    }
  } catch (error) {
    closeSync(file)
    throw error
  }
}

type Refuse = (why: string) => never

const shown = (name: string): string => JSON.stringify(name.slice(0, 100))

function readAt(file: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  return bytes.subarray(0, readSync(file, bytes, 0, length, at))
}

function readDirectory(file: number, size: number, refuse: Refuse): { entries: Entry[]; at: number } {
  const tail = readAt(file, Math.max(0, size - END.bytes - END.maxComment), Math.min(size, END.bytes + END.maxComment))
  const endAt = tail.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]))
  if (endAt < 0 || endAt + END.bytes > tail.length)
    refuse('it is no ZIP archive, or its end is missing; fetch it again')
  const count = tail.readUInt16LE(endAt + 10)
  const bytes = tail.readUInt32LE(endAt + 12)
  const at = tail.readUInt32LE(endAt + 16)
  if (count === 0xffff || at === NEEDS_ZIP64) refuse('it is a ZIP64 archive, which this project does not write')
  if (count > MAX_ENTRIES || bytes > MAX_DIRECTORY_BYTES) refuse(`it lists ${count} files, more than a drill has`)
  if (at + bytes > size) refuse('its list of files is cut off; fetch it again')
  const placeOfEnd = size - tail.length + endAt
  const behind = size - placeOfEnd - END.bytes - tail.readUInt16LE(endAt + 20)
  if (behind !== 0) refuse(`it has ${Math.abs(behind)} bytes behind its end, or too few`)
  if (at + bytes !== placeOfEnd) refuse(`it holds ${placeOfEnd - at - bytes} bytes that belong to none of its files`)
  return { entries: entriesIn(readAt(file, at, bytes), count, refuse), at }
}

function entriesIn(directory: Buffer, count: number, refuse: Refuse): Entry[] {
  const entries: Entry[] = []
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + DIRECTORY.bytes > directory.length || directory.readUInt32LE(at) !== DIRECTORY.signature)
      refuse('its list of files is damaged; fetch it again')
    const nameLength = directory.readUInt16LE(at + 28)
    const name = directory.toString('utf8', at + DIRECTORY.bytes, at + DIRECTORY.bytes + nameLength)
    const entry: Entry = {
      name,
      method: directory.readUInt16LE(at + 10),
      compressedSize: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      headerAt: directory.readUInt32LE(at + 42),
    }
    refuseStrange(entry, directory.readUInt16LE(at + 8), directory.readUInt32LE(at + 38) >>> 16, refuse)
    entries.push(entry)
    at += DIRECTORY.bytes + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  return entries
}

/** Names as a drill's files have them: no root, no parent folder, no other separator. */
const NAME = /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/

function refuseStrange({ name, method, size }: Entry, flags: number, unixMode: number, refuse: Refuse): void {
  if (!NAME.test(name)) refuse(`it holds ${shown(name)}, which is no name of a drill's file`)
  if ((unixMode & 0xf000) === SYMBOLIC_LINK) refuse(`it holds the link ${shown(name)}; a drill has none`)
  if ((flags & IS_ENCRYPTED) !== 0) refuse(`${shown(name)} is encrypted`)
  if (method !== STORED && method !== DEFLATED)
    refuse(`${shown(name)} is compressed by method ${method}, not by deflate`)
  if (size === NEEDS_ZIP64) refuse(`${shown(name)} is larger than this project writes`)
}

function refuseBomb(entries: readonly Entry[], archiveBytes: number, refuse: Refuse): void {
  const total = entries.reduce((sum, { size }) => sum + size, 0)
  if (total > MAX_TOTAL_BYTES || total > archiveBytes * MAX_RATIO + SMALL_BYTES)
    refuse(
      `${Math.ceil(archiveBytes / 1024)} KB would unpack to ${Math.ceil(total / 1_048_576)} MB, more than a drill's files can`,
    )
}

const HAS_DESCRIPTOR = 8
const DESCRIPTOR = { signature: 0x08074b50, bytes: 12, signatureBytes: 4 }

/** Files one behind the other, and nothing between them: another program could read what the list of files does not name. */
function refuseHidden(
  file: number,
  { entries, at: end }: { entries: readonly Entry[]; at: number },
  refuse: Refuse,
): void {
  let at = 0
  for (const entry of entries.toSorted((one, other) => one.headerAt - other.headerAt)) {
    const { name, headerAt, compressedSize } = entry
    const { start, flags, ownName } = headerOf(file, entry, refuse)
    if (start + compressedSize > end) refuse(`${shown(name)} is cut off`)
    if (ownName !== name) refuse(`${shown(name)} has another name in front of its content, ${shown(ownName)}`)
    if (headerAt !== at) refuse(`it holds ${Math.abs(headerAt - at)} bytes that belong to none of its files, or to two`)
    at = start + compressedSize + ((flags & HAS_DESCRIPTOR) === 0 ? 0 : descriptorBytes(file, start + compressedSize))
  }
  if (at !== end) refuse(`it holds ${Math.abs(end - at)} bytes that belong to none of its files`)
}

const descriptorBytes = (file: number, at: number): number => {
  const signature = readAt(file, at, DESCRIPTOR.signatureBytes)
  const isSigned = signature.length === DESCRIPTOR.signatureBytes && signature.readUInt32LE(0) === DESCRIPTOR.signature
  return DESCRIPTOR.bytes + (isSigned ? DESCRIPTOR.signatureBytes : 0)
}

interface Header {
  /** Where its content begins. */
  readonly start: number
  readonly flags: number
  readonly ownName: string
}

function headerOf(file: number, { name, headerAt }: Entry, refuse: Refuse): Header {
  const header = readAt(file, headerAt, LOCAL.bytes)
  if (header.length < LOCAL.bytes || header.readUInt32LE(0) !== LOCAL.signature) refuse(`${shown(name)} is damaged`)
  const nameBytes = header.readUInt16LE(26)
  const ownName = readAt(file, headerAt + LOCAL.bytes, nameBytes).toString('utf8')
  return { start: headerAt + LOCAL.bytes + nameBytes + header.readUInt16LE(28), flags: header.readUInt16LE(6), ownName }
}

interface Opened {
  readonly path: string
  readonly file: number
  /** Where the content of all files ends. */
  readonly end: number
}

async function* contentOf({ path, file, end }: Opened, entry: Entry, refuse: Refuse): AsyncGenerator<Uint8Array> {
  const { name, method, compressedSize, size } = entry
  const { start } = headerOf(file, entry, refuse)
  if (start + compressedSize > end) refuse(`${shown(name)} is cut off`)
  let read = 0
  try {
    for await (const piece of unpacked(path, start, compressedSize, method)) {
      read += (piece as Buffer).length
      if (read > size) refuse(`${shown(name)} is longer than the archive says`)
      yield piece as Buffer
    }
  } catch (error) {
    if (error instanceof CannotRun) throw error
    refuse(`${shown(name)} is damaged`)
  }
  if (read !== size) refuse(`${shown(name)} is shorter than the archive says`)
}

function unpacked(path: string, start: number, length: number, method: number): Readable {
  if (length === 0) return new PassThrough().end()
  const raw = createReadStream(path, { start, end: start + length - 1 })
  if (method === STORED) return raw
  const inflate = createInflateRaw()
  raw.on('error', (error) => inflate.destroy(error))
  return raw.pipe(inflate)
}
