/** The files of a drill when the disk is full, or when the host cannot send some of them. */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { expect, onTestFinished, test } from 'vitest'
import { EVIDENCE_FILE, findEvidence } from '../../../functions/archive/evidence-zip.ts'
import { pieceOf } from '../../../functions/archive/sums.ts'
import { renderers } from '../../../functions/render/formats.ts'
import type { DrillApi } from '../../../infra/local/cli/drill-client.ts'
import { CHART_DATA, keepFiles, keptLines, RESULT_FILES } from '../../../infra/local/cli/drill-result.ts'
import { Refused } from '../../../infra/local/http/call.ts'
import { verified } from '../../support/evidence.ts'
import { aFolder } from '../../support/folder.ts'
import { criteria, playRequest } from '../../support/play-drill.ts'
import { fill, smallDisk } from '../../support/small-disk.ts'

const ALL = [...RESULT_FILES, CHART_DATA]

const apiOf = (file: DrillApi['file']): DrillApi => ({ file }) as DrillApi

test('all files are kept in the requested folder', async () => {
  const out = aFolder()
  const kept = await keepFiles(
    apiOf(async (_, name) => Buffer.from(name)),
    'd-1',
    out,
  )
  expect(kept).toEqual({ folder: join(out, 'd-1'), elsewhere: null, missing: [], problem: null })
  expect(readdirSync(kept.folder).sort()).toEqual([...ALL].sort())
  expect(keptLines(kept)).toEqual(['', `Report: ${kept.folder}/report.html`])
})

test('a full disk keeps whole files, another folder gets the others, and one message says so', async (context) => {
  const disk = smallDisk(context, 512)
  fill(disk, 24)
  const content = Buffer.alloc(9_000, 'x')
  const kept = await keepFiles(
    apiOf(async () => content),
    'd-1',
    disk,
  )
  if (kept.elsewhere !== null) {
    const { folder } = kept.elsewhere
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  }
  const inPlace = readdirSync(kept.folder)
  expect(inPlace.length).toBeGreaterThan(0)
  expect(inPlace.length).toBeLessThan(ALL.length)
  for (const name of inPlace) expect(statSync(join(kept.folder, name)).size).toBe(content.length)
  expect([...inPlace, ...(kept.elsewhere?.names ?? [])].sort()).toEqual([...ALL].sort())
  for (const name of kept.elsewhere?.names ?? [])
    expect(readFileSync(join(kept.elsewhere?.folder ?? '', name))).toEqual(content)
  const text = keptLines(kept).join('\n')
  expect(text.match(/ENOSPC/g)).toHaveLength(1)
  expect(text).toContain(`In ${kept.elsewhere?.folder} instead: `)
})

/** The API of an app with the records of one drill: its archive is larger than an answer can be, and a piece has 1,000 bytes. */
async function largeApp(): Promise<DrillApi> {
  const { world } = await playRequest({ criteria }, {}, { renderers })
  const { blobs } = world.clients
  const found = await findEvidence(blobs, 'drill-1', true)
  const api: Partial<DrillApi> = {
    file: async (_: string, name: string) => {
      if (!name.startsWith(EVIDENCE_FILE)) return Buffer.from(name)
      const answer = { status: 413, headers: new Headers(), content: new Uint8Array() }
      throw new Refused('too large', answer, { problems: [], instance: null })
    },
    evidenceFiles: async () => found?.files ?? [],
    evidencePiece: async (drillId: string, path: string, from: number) => {
      const piece = await pieceOf(blobs, drillId, path, from, 1_000)
      if (piece === null) throw new Error(`there is no ${path}`)
      return piece
    },
  }
  return api as DrillApi
}

test('an archive that is larger than an answer can be is made of its files, piece by piece, and verifies', async () => {
  const kept = await keepFiles(await largeApp(), 'drill-1', aFolder())
  expect([kept.missing, kept.problem]).toEqual([[], null])
  const files = unzipSync(readFileSync(join(kept.folder, EVIDENCE_FILE)))
  expect(Object.keys(files).filter((path) => path.endsWith('.bin')).length).toBeGreaterThan(0)
  const { differences, unverified } = await verified(files)
  expect([differences, unverified]).toEqual([[], []])
})

test('of an archive whose pieces cannot be fetched to the end nothing is left, and one message says why', async () => {
  const api = await largeApp()
  const evidencePiece: DrillApi['evidencePiece'] = (drillId, path, from) =>
    path.endsWith('.bin') ? Promise.reject(new Error('fetch failed')) : api.evidencePiece(drillId, path, from)
  const kept = await keepFiles({ ...api, evidencePiece }, 'drill-1', aFolder())
  expect([kept.missing, kept.problem]).toEqual([[EVIDENCE_FILE], 'fetch failed'])
  expect(readdirSync(kept.folder)).not.toContain(EVIDENCE_FILE)
})

test('a host that dies while the files are fetched leaves the others, and one message', async () => {
  const out = aFolder()
  const api = apiOf(async (_, name) => {
    if (name.endsWith('.csv')) throw new Error('fetch failed')
    return name === 'report.md' ? null : Buffer.from(name)
  })
  const kept = await keepFiles(api, 'd-1', out)
  expect(kept.missing).toEqual([
    'report.md',
    'timeline.csv',
    'loadtest_results.csv',
    'clients.csv',
    'applications.csv',
    'probes.csv',
    'stale_writes.csv',
    'errors.csv',
  ])
  expect(keptLines(kept)).toEqual([
    '',
    `Not all files could be kept in ${kept.folder}: fetch failed`,
    `Not written: ${kept.missing.join(', ')}`,
    `Report: ${kept.folder}/report.html`,
  ])
})
