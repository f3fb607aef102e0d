/** The files of an archive against its manifest. */
import { createHash } from 'node:crypto'
import {
  digestOf,
  isChunk,
  isRaw,
  MANIFEST,
  type Manifest,
  manifestSchema,
  type SummedFile,
} from '../../../functions/model/files/manifest.ts'
import { CannotRun } from '../process/problem.ts'
import { readWhole } from './archive-blobs.ts'
import type { ZipArchive } from './zip-reader.ts'

export interface CheckedSums {
  readonly manifest: Manifest
  /** Of the files as they are, and of those that the manifest names and the archive leaves out. */
  readonly files: readonly SummedFile[]
  readonly differences: readonly string[]
}

export async function checkSums(zip: ZipArchive): Promise<CheckedSums> {
  const manifest = await readManifest(zip)
  const found = new Map<string, SummedFile>()
  for (const path of zip.names) if (path !== MANIFEST) found.set(path, await sumOf(zip, path))
  const named = new Map(manifest.files.map((file) => [file.path, file]))
  const left = manifest.files.filter(({ isIncluded }) => !isIncluded).map(({ path }) => path)
  const changed = manifest.files.filter(({ path, sha256 }) => (found.get(path)?.sha256 ?? sha256) !== sha256)
  const files = [...found.values(), ...manifest.files.filter(({ path, isIncluded }) => !isIncluded && !found.has(path))]
  return {
    manifest,
    files,
    differences: [
      ...changed.map((file) => changeOf(file, changed, found)),
      ...manifest.files
        .filter(({ path, isIncluded }) => isIncluded && !found.has(path))
        .map(({ path }) => `${path} is missing: ${MANIFEST} names it`),
      ...[...found.keys()]
        .filter((path) => !named.has(path))
        .map((path) => `${path} was added: ${MANIFEST} does not name it`),
      ...lengthDifferences(manifest, found),
      ...leftDifferences(manifest, left, found),
      ...digestDifferences(manifest, files),
    ],
  }
}

async function readManifest(zip: ZipArchive): Promise<Manifest> {
  const text = await readWhole(zip, MANIFEST)
  if (text === null) throw new CannotRun(`There is no ${MANIFEST} in the archive: it is not the evidence of a drill`)
  const parsed = manifestSchema.safeParse(jsonIn(text.toString('utf8')))
  if (parsed.success) return parsed.data
  const { path, message } = parsed.error.issues[0] ?? { path: [], message: '' }
  throw new CannotRun(`${MANIFEST} is not the manifest of a drill's evidence: ${path.join('.')} ${message}`)
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

async function sumOf(zip: ZipArchive, path: string): Promise<SummedFile> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const piece of zip.stream(path) ?? []) {
    hash.update(piece)
    bytes += piece.byteLength
  }
  return { path, bytes, sha256: hash.digest('hex') }
}

function changeOf(
  { path, sha256 }: SummedFile,
  changed: readonly SummedFile[],
  found: ReadonlyMap<string, SummedFile>,
): string {
  const now = found.get(path)?.sha256
  const from = changed.find((other) => other.sha256 === now)
  if (from !== undefined) return `${path} was swapped: it has the content of ${from.path}`
  return `${path} was changed: its SHA-256 is ${now}, and ${MANIFEST} names ${sha256}`
}

const lengthDifferences = ({ files }: Manifest, found: ReadonlyMap<string, SummedFile>): string[] =>
  files.flatMap(({ path, bytes, sha256 }) => {
    const now = found.get(path)
    return now === undefined || now.sha256 !== sha256 || now.bytes === bytes
      ? []
      : [`${MANIFEST} was changed: ${path} has ${now.bytes} bytes, and it names ${bytes}`]
  })

/** Only the records of the load are left out, and then all of them. */
function leftDifferences(
  { hasChunks }: Manifest,
  left: readonly string[],
  found: ReadonlyMap<string, SummedFile>,
): string[] {
  const records = left.filter(isChunk)
  const isPart = records.length > 0 && (hasChunks || [...found.keys()].some(isChunk))
  return [
    ...left
      .filter((path) => !isChunk(path))
      .map((path) => `${path} is not in the archive: only the records of the load may be left out`),
    ...(isPart ? [`the archive holds some of the records of the load, and not ${records.join(', ')}`] : []),
  ]
}

function digestDifferences({ raw, whole, files: named }: Manifest, files: readonly SummedFile[]): string[] {
  const own = (wanted: typeof raw, all: readonly SummedFile[], what: string) =>
    digestOf(all).sha256 === wanted.sha256
      ? []
      : [`${MANIFEST} was changed: its sum of ${what} is not that of its lines`]
  const asFound = digestOf(files).sha256
  return [
    ...own(
      raw,
      named.filter(({ path }) => isRaw(path)),
      'the raw files',
    ),
    ...own(whole, named, 'all files'),
    ...(asFound === whole.sha256 ? [] : [`the sum of all files is ${asFound}, and ${MANIFEST} names ${whole.sha256}`]),
  ]
}
