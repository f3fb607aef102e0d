/** evidence.zip and its verification, on drills in a simulated world with the records that its load generators wrote. */

import { createHash } from 'node:crypto'
import { unzipSync, zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { amendReport } from '../../functions/activities/upkeep/amend-report.ts'
import { contentOf, summing } from '../../functions/archive/sums.ts'
import { zipOf } from '../../functions/archive/zip-writer.ts'
import { drillBlobs } from '../../functions/model/blob-paths.ts'
import { isChunk, isRaw, MANIFEST, manifestSchema, sumLines } from '../../functions/model/files/manifest.ts'
import { renderers } from '../../functions/render/formats.ts'
import { verifyFile } from '../../infra/local/verify.ts'
import {
  bytesOf,
  edited,
  evidenceOf,
  type Files,
  jsonIn,
  resealed,
  textIn,
  verified,
  without,
  withZip,
} from '../support/evidence.ts'
import { criteria, playRequest } from '../support/play-drill.ts'
import { usualCourse } from '../support/world/world.ts'

const played = await playRequest({ criteria }, { generator: () => ({ losesEveryNthReply: 200 }) }, { renderers })
const { blobs } = played.world.clients
const whole = await evidenceOf(blobs, 'drill-1')
const small = await evidenceOf(blobs, 'drill-1', false)
const report = jsonIn(whole, 'report/report.json')
const chunk = Object.keys(whole).find((path) => path.endsWith('.bin')) as string
const otherChunk = Object.keys(whole).findLast((path) => path.endsWith('.bin')) as string
const recovery = report.recovery.recoveryTimeSeconds as number

describe('evidence.zip', () => {
  test('holds every file of the drill, and its manifest', () => {
    const paths = Object.keys(whole)
    for (const path of [
      'request.json',
      'plan.json',
      'go.json',
      'evidence/facts.json',
      'evidence/checks.json',
      'evidence/audit-1.json',
    ])
      expect(paths).toContain(path)
    for (const { name } of renderers) expect(paths).toContain(`report/${name}`)
    expect(paths.filter((path) => path.endsWith('.bin'))).toHaveLength(2)
    expect(paths.at(-1)).toBe(MANIFEST)
    const manifest = manifestSchema.parse(jsonIn(whole, MANIFEST))
    expect(manifest.files.map(({ path }) => path).sort()).toEqual(paths.filter((path) => path !== MANIFEST).sort())
    expect(manifest.image).toContain('@sha256:')
    expect(manifest.platformRequestIds).toEqual(
      report.requests.map(({ requestId }: { requestId: string }) => requestId),
    )
    expect(manifest.platformRequestIds.length).toBeGreaterThan(0)
  })

  test('has sums that sha256sum prints alike', () => {
    const manifest = manifestSchema.parse(jsonIn(whole, MANIFEST))
    for (const { path, sha256 } of manifest.files)
      expect([
        path,
        createHash('sha256')
          .update(whole[path] as Uint8Array)
          .digest('hex'),
      ]).toEqual([path, sha256])
    expect(createHash('sha256').update(sumLines(manifest.files)).digest('hex')).toBe(manifest.whole.sha256)
  })

  test('is named in the report by the sum of its raw files', () => {
    const { raw } = jsonIn(whole, MANIFEST)
    expect(report.evidence).toEqual(raw)
    for (const name of ['report.html', 'summary.json']) expect(textIn(whole, `report/${name}`)).toContain(raw.sha256)
  })

  test('without the records of the load has their sums, and is named alike', () => {
    expect(Object.keys(small).filter(isChunk)).toEqual([])
    const [a, b] = [jsonIn(small, MANIFEST), jsonIn(whole, MANIFEST)]
    expect([a.raw, a.whole]).toEqual([b.raw, b.whole])
    expect(a.files.find(({ path }: { path: string }) => path === chunk)).toMatchObject({ isIncluded: false })
  })

  test('holds no address of an operation, which may hold a signature', () => {
    const answers = Object.keys(whole).filter((path) => path.includes('/answer-'))
    expect(answers.length).toBeGreaterThan(0)
    for (const path of answers) {
      expect(textIn(whole, path)).not.toContain('pollerToken')
      expect(jsonIn(whole, path).requestId).not.toBeUndefined()
    }
  })

  test('larger than a ZIP archive can be is refused, and not written with wrong places', async () => {
    async function* files() {
      yield { name: 'request.json', content: contentOf(blobs, 'drill-1', 'request.json') }
    }
    await expect(bytesOf(zipOf(files(), 50))).rejects.toThrow('a ZIP archive holds 4 GB at most')
  })

  test('is written piece by piece: no file is in memory as a whole', async () => {
    let read = 0
    let held = 0
    async function* large() {
      for (let i = 0; i < 200; i++) {
        read += 65_536
        yield Buffer.alloc(65_536, i)
      }
    }
    async function* files() {
      yield { name: 'large.bin', content: large() }
    }
    let written = 0
    const pieces: Uint8Array[] = []
    for await (const piece of zipOf(files())) {
      written += piece.byteLength
      held = Math.max(held, piece.byteLength)
      pieces.push(piece)
    }
    expect(read).toBe(200 * 65_536)
    expect(held).toBeLessThan(200_000)
    expect(unzipSync(Buffer.concat(pieces))['large.bin']).toHaveLength(read)
    expect(written).toBeLessThan(read)
  })
})

describe('verify', () => {
  test('finds nothing in what a drill left, and computes verdict and figures again', async () => {
    const { differences, unverified, figures } = await verified(whole)
    expect([differences, unverified]).toEqual([[], []])
    expect(figures.find(({ name }) => name === 'verdict')).toEqual({ name: 'verdict', given: 'PASS', computed: 'PASS' })
    const shown = figures.find(({ name }) => name === 'recoveryTimeSeconds')
    expect(shown?.computed).toMatch(/^\d+\.\d+ s$/)
    expect(shown?.given).toBe(shown?.computed)
  })

  test('finds nothing in a drill that lost commits, that did not start, or that was amended', async () => {
    const lost = await playRequest({ criteria }, { courses: [{ ...usualCourse, lostMs: 300 }] }, { renderers })
    expect(lost.report?.ledger.lost).toBeGreaterThan(0)
    const notStarted = await playRequest({ criteria }, { imageExists: false }, { renderers })
    const after = await playRequest({ criteria }, {}, { renderers })
    const amendment = {
      at: '2026-01-01T01:00:00.000Z',
      phase: 'after the drill',
      step: 'undo',
      detail: 'it was undone',
    }
    await amendReport(after.world.clients, renderers, 'drill-1', [amendment])
    for (const { world } of [lost, notStarted, after]) {
      const { differences, unverified } = await verified(await evidenceOf(world.clients.blobs, 'drill-1'))
      expect([differences, unverified]).toEqual([[], []])
    }
  })

  const falseReport = (files: Files) =>
    edited(files, 'report/report.json', (text) => text.replaceAll(String(recovery), '1.234'))

  test('finds a changed figure in report.json, with and without a new manifest', async () => {
    for (const files of [falseReport(whole), resealed(falseReport(whole))]) {
      const { differences, figures } = await verified(files)
      expect(differences).toContain(
        `report.json: recovery.recoveryTimeSeconds is 1.234; the raw files give ${recovery}`,
      )
      expect(figures.filter(({ given, computed }) => given !== computed).map(({ name }) => name)).toContain(
        'recoveryTimeSeconds',
      )
    }
    expect((await verified(falseReport(whole))).differences.join('\n')).toContain('report/report.json was changed')
  })

  test('finds a changed figure on the first screen of report.html, with a new manifest', async () => {
    const words = /data-copy="Recovery time: [^"]+">([^<]+)</.exec(textIn(whole, 'report/report.html'))?.[1] ?? ''
    const forged = resealed(
      edited(whole, 'report/report.html', (page) =>
        // In prose a number and its unit stay on one line.
        page.replaceAll(words, '1.23 s').replaceAll(words.replace(' ', '\u00a0'), '1.23\u00a0s'),
      ),
    )
    const found = (await verified(forged)).differences.join('\n')
    expect(found).toContain('report.html: "Recovery time" reads')
    expect(found).toContain('report.html: "headline" reads')
  })

  test('finds a changed word further down on the page, and a changed row of a table', async () => {
    const page = resealed(
      edited(whole, 'report/report.html', (text) =>
        text.replace('Was the generator the limit?</h2>', 'All was well</h2>'),
      ),
    )
    expect((await verified(page)).differences.join('\n')).toMatch(/report\.html: line \d+ is .*All was well/)
    const row = resealed(edited(whole, 'report/timeline.csv', (text) => text.replace(/,40,0,/, ',40,1,')))
    expect((await verified(row)).differences.join('\n')).toMatch(/timeline\.csv: line \d+ is/)
  })

  test('finds records of the load that were removed, with and without a new manifest', async () => {
    const plain = (await verified(without(whole, chunk))).differences
    expect(plain).toContain(`${chunk} is missing: manifest.json names it`)
    const forged = (await verified(resealed(without(whole, chunk)))).differences.join('\n')
    expect(forged).toContain('report.json: ')
    expect(forged).toMatch(/ledger\.acknowledged is \d+; the raw files give \d+/)
  })

  test('finds records of the load that were changed, with and without a new manifest', async () => {
    const bytes = Buffer.from(whole[chunk] as Uint8Array)
    bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] as number) ^ 0x55
    const changed = { ...whole, [chunk]: bytes }
    expect((await verified(changed)).differences.join('\n')).toContain(`${chunk} was changed`)
    expect((await verified(resealed(changed))).differences.length).toBeGreaterThan(0)
  })

  test('finds two files whose contents were exchanged, with and without a new manifest', async () => {
    const swapped = { ...whole, [chunk]: whole[otherChunk] as Uint8Array, [otherChunk]: whole[chunk] as Uint8Array }
    expect((await verified(swapped)).differences).toEqual(
      expect.arrayContaining([
        `${chunk} was swapped: it has the content of ${otherChunk}`,
        `${otherChunk} was swapped: it has the content of ${chunk}`,
      ]),
    )
    const [facts, checks] = ['evidence/facts.json', 'evidence/checks.json']
    const others = { ...whole, [facts]: whole[checks] as Uint8Array, [checks]: whole[facts] as Uint8Array }
    expect((await verified(resealed(others))).differences.length).toBeGreaterThan(0)
  })

  test('finds a file that was added', async () => {
    const added = { ...whole, 'evidence/extra.json': Buffer.from('{}') }
    expect((await verified(added)).differences).toContain(
      'evidence/extra.json was added: manifest.json does not name it',
    )
    expect((await verified(resealed(added))).differences.join('\n')).not.toBe('')
  })

  test('finds a record of the audit that was changed, with a new manifest', async () => {
    const fewer = (text: string) => text.replace(/"rows":(\d+)/, (_, rows) => `"rows":${Number(rows) - 1}`)
    const forged = edited(edited(whole, 'evidence/audit-1.json', fewer), 'evidence/audit-2.json', fewer)
    expect((await verified(resealed(forged))).differences.join('\n')).toMatch(/ledger\.rowsFound is \d+/)
  })

  test('finds a line of the manifest that was changed', async () => {
    const forged = edited(whole, MANIFEST, (text) =>
      text.replace(/"bytes": \d+/, '"bytes": 1').replace(/[0-9a-f]{64}/, '0'.repeat(64)),
    )
    expect((await verified(forged)).differences.join('\n')).toContain('manifest.json was changed')
  })

  test('without the records of the load claims no figure, and still finds a forged page and a forged criterion', async () => {
    const { differences, unverified, figures } = await verified(small)
    expect([differences, figures]).toEqual([[], []])
    expect(unverified).toEqual(
      expect.arrayContaining(['verdict PASS', expect.stringMatching(/^recoveryTimeSeconds \d/)]),
    )
    const page = resealedSmall(edited(small, 'report/report.html', (text) => text.replaceAll('PASS', 'FAIL')))
    expect((await verified(page)).differences.join('\n')).toContain('report.html: "verdict" reads')
    const criterion = edited(small, 'report/report.json', (text) =>
      text.replace('"verdict": "pass"', '"verdict": "fail"'),
    )
    expect((await verified(criterion)).differences.join('\n')).toContain('its own figures give pass')
  })
})

test('the command ends with 0, 1 or 2, and its last line says which', async () => {
  const said: string[] = []
  const run = (files: Files) =>
    withZip(zipSync(files), async (path) => {
      const code = await verifyFile([path], (text) => said.push(text))
      return [code, said.join('\n').split('\n').at(-1)?.split(':')[0]]
    })
  expect(await run(whole)).toEqual([0, 'EQUAL'])
  expect(await run(without(whole, chunk))).toEqual([1, 'DIFFERS'])
  expect(await run(small)).toEqual([2, 'NOT VERIFIED'])
  await expect(verifyFile([], () => undefined)).rejects.toThrow('Give one archive')
  await expect(verifyFile(['/no/such/evidence.zip'], () => undefined)).rejects.toThrow('does not exist')
})

/** Only the lines of files that are there: the others are those of the records of the load. */
function resealedSmall(files: Files): Files {
  const manifest = manifestSchema.parse(jsonIn(files, MANIFEST))
  const page = createHash('sha256')
    .update(files['report/report.html'] as Uint8Array)
    .digest('hex')
  const lines = manifest.files.map((file) => (file.path === 'report/report.html' ? { ...file, sha256: page } : file))
  return { ...files, [MANIFEST]: Buffer.from(JSON.stringify({ ...manifest, files: lines })) }
}

test('a file that changes after the drill is none of those that the report is computed from', () => {
  for (const path of [
    'report/report.json',
    'lease.json',
    'evidence/live.json',
    'evidence/events/sku/progress.json',
    'evidence/amendments.json',
  ])
    expect([path, isRaw(path)]).toEqual([path, false])
  for (const path of ['request.json', 'evidence/events/0/answer-0.json', 'evidence/report-inputs.json', chunk])
    expect([path, isRaw(path)]).toEqual([path, true])
})

test('a sum is noted only when all pieces were read', async () => {
  const noted: string[] = []
  for await (const _ of summing(chunk, contentOf(blobs, 'drill-1', chunk), ({ path }) => noted.push(path))) break
  expect(noted).toEqual([])
  await bytesOf(summing(chunk, contentOf(blobs, 'drill-1', chunk), ({ path }) => noted.push(path)))
  expect(noted).toEqual([chunk])
})

test('the report names what it was computed from, and its inputs hold no secret', async () => {
  const inputs = await blobs.readText(drillBlobs.reportInputs('drill-1'))
  expect(inputs).toContain('"journal"')
  expect(textIn(whole, 'report/report.html')).toContain('npm run verify')
})
