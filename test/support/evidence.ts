/** evidence.zip of drills in a simulated world, and what a forger makes of one. */

import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unzipSync, zipSync } from 'fflate'
import { evidenceZip, findEvidence } from '../../functions/archive/evidence-zip.ts'
import type { ArchiveStore } from '../../functions/archive/sums.ts'
import { digestOf, isRaw, MANIFEST, type Manifest, reportFacts } from '../../functions/model/files/manifest.ts'
import type { Report } from '../../functions/model/report.ts'
import { type Verification, verify } from '../../infra/local/evidence/verification.ts'
import { openZip, type ZipArchive } from '../../infra/local/evidence/zip-reader.ts'

export type Files = Record<string, Uint8Array>

export async function evidenceOf(store: ArchiveStore, drillId: string, hasChunks = true): Promise<Files> {
  const found = await findEvidence(store, drillId, hasChunks)
  if (found === null) throw new Error(`drill ${drillId} has no evidence`)
  return unzipSync(await bytesOf(evidenceZip(store, found)))
}

export async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}

/** Written to a folder of its own, which is gone afterwards. */
export async function withZip<T>(bytes: Uint8Array, use: (path: string) => Promise<T> | T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'evidence-'))
  try {
    const path = join(folder, 'evidence.zip')
    writeFileSync(path, bytes)
    return await use(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

export const withArchive = <T>(files: Files, use: (zip: ZipArchive) => Promise<T>): Promise<T> =>
  withZip(zipSync(files, { level: 0 }), async (path) => {
    const zip = openZip(path)
    try {
      return await use(zip)
    } finally {
      zip.close()
    }
  })

export const verified = (files: Files): Promise<Verification> => withArchive(files, verify)

export const textIn = (files: Files, path: string): string => Buffer.from(files[path] as Uint8Array).toString('utf8')
export const jsonIn = (files: Files, path: string) => JSON.parse(textIn(files, path))

/** The same files with another content of one. */
export const edited = (files: Files, path: string, change: (text: string) => string): Files => {
  const text = textIn(files, path)
  const next = change(text)
  if (next === text) throw new Error(`${path} was not changed`)
  return { ...files, [path]: Buffer.from(next) }
}

export const without = (files: Files, path: string): Files =>
  Object.fromEntries(Object.entries(files).filter(([name]) => name !== path))

/** The manifest made to fit the files. */
export function refitted(files: Files): Files {
  const manifest = jsonIn(files, MANIFEST) as Manifest
  const own = Object.entries(files)
    .filter(([path]) => path !== MANIFEST)
    .map(([path, content]) => ({
      path,
      bytes: content.byteLength,
      sha256: createHash('sha256').update(content).digest('hex'),
      isIncluded: true,
    }))
  const raw = digestOf(own.filter(({ path }) => isRaw(path)))
  return {
    ...files,
    [MANIFEST]: Buffer.from(JSON.stringify({ ...manifest, ...factsIn(files), files: own, raw, whole: digestOf(own) })),
  }
}

/** What the manifest repeats from report.json. */
const factsIn = (files: Files): object =>
  'report/report.json' in files ? reportFacts(jsonIn(files, 'report/report.json') as Report) : {}

/** The manifest, and the sum that the report names, made to fit the files. */
export function resealed(files: Files): Files {
  const [manifest, sealed] = [jsonIn(files, MANIFEST) as Manifest, refitted(files)]
  const { raw } = jsonIn(sealed, MANIFEST) as Manifest
  if (raw.sha256 === manifest.raw.sha256) return sealed
  const renamed = Object.fromEntries(
    Object.entries(sealed).map(([path, content]) => [
      path,
      path.startsWith('report/')
        ? Buffer.from(Buffer.from(content).toString('utf8').replaceAll(manifest.raw.sha256, raw.sha256))
        : content,
    ]),
  )
  return refitted(renamed)
}
