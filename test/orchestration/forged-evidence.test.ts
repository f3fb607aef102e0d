/** What a forger may change in evidence.zip, one way after the other: verify finds each, also when the manifest was made to fit. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { zipSync } from 'fflate'
import { describe, expect, test } from 'vitest'
import { isRaw, MANIFEST, type Manifest } from '../../functions/model/files/manifest.ts'
import { renderers } from '../../functions/render/formats.ts'
import { sumDifferences } from '../../infra/local/evidence/verification.ts'
import { openZip } from '../../infra/local/evidence/zip-reader.ts'
import { casesOf } from '../support/depth.ts'
import {
  edited,
  evidenceOf,
  type Files,
  jsonIn,
  refitted,
  resealed,
  textIn,
  verified,
  withArchive,
  without,
  withZip,
} from '../support/evidence.ts'
import { aPlan, criteria, playDrill, playRequest } from '../support/play-drill.ts'
import { createWorld } from '../support/world/world.ts'

const EVENTS = [
  { atSeconds: 12, kind: 'failover', mode: 'forced' },
  { atSeconds: 32, kind: 'restart' },
]
const two = await playRequest({ criteria, durationSeconds: 50, events: EVENTS }, {}, { renderers })
const whole = await evidenceOf(two.world.clients.blobs, 'drill-1')
const report = jsonIn(whole, 'report/report.json')
const CHUNK = /^containers\/.*\.bin$/
const chunks = Object.keys(whole).filter((path) => CHUNK.test(path))

const otherWorld = createWorld()
await playDrill(otherWorld, aPlan({ criteria, durationSeconds: 50, events: EVENTS }, 'drill-2'), { renderers })
const other = await evidenceOf(otherWorld.clients.blobs, 'drill-2')

const differences = async (files: Files): Promise<string> => (await verified(files)).differences.join('\n')
const changed = (path: string, change: (json: never) => unknown): Files =>
  edited(whole, path, (text) => JSON.stringify(change(JSON.parse(text) as never)))
const SPACE = Buffer.from(' ')
const NO_SUM = '0'.repeat(64)
const bytesOf = (files: Files, path: string): Uint8Array => files[path] as Uint8Array

interface Forgery {
  readonly files: Files
  /** What the forger takes for granted: the sums of the manifest alone, or also the sum that the report names. */
  readonly seal: (files: Files) => Files
  readonly found: RegExp
}

const forgeries: Readonly<Record<string, () => Forgery>> = {
  'the verdict of report.json': () => ({
    files: changed('report/report.json', (json: object) => ({ ...json, verdict: 'FAIL' })),
    seal: resealed,
    found: /report\.json: verdict is "FAIL"; the raw files give "PASS"/,
  }),
  'the verdict of the manifest alone': () => ({
    files: changed(MANIFEST, (json: object) => ({ ...json, verdict: 'FAIL' })),
    seal: (files) => files,
    found: /manifest\.json names the verdict "FAIL", and report\.json "PASS"/,
  }),
  'the headline of the manifest alone': () => ({
    files: changed(MANIFEST, (json: object) => ({ ...json, headline: 'All was well.' })),
    seal: (files) => files,
    found: /manifest\.json names the headline "All was well\."/,
  }),
  'the image and the requests that the manifest names': () => ({
    files: changed(MANIFEST, (json: object) => ({ ...json, image: null, platformRequestIds: [] })),
    seal: (files) => files,
    found: /names the image null, [\s\S]*names the platformRequestIds \[\], /,
  }),
  'the length of a file in the manifest': () => ({
    files: edited(whole, MANIFEST, (text) => text.replace(/"bytes": \d+/, '"bytes": 1')),
    seal: (files) => files,
    found: /manifest\.json was changed: .* has \d+ bytes, and it names 1/,
  }),
  'the sum of the raw files that report.html names': () => ({
    files: edited(whole, 'report/report.html', (text) => text.replaceAll(report.evidence.sha256, NO_SUM)),
    seal: refitted,
    found: /report\.html does not name the raw files of the archive/,
  }),
  'the sum of the raw files in the manifest': () => ({
    files: changed(MANIFEST, ({ raw, ...json }: Manifest) => ({ ...json, raw: { ...raw, sha256: NO_SUM } })),
    seal: (files) => files,
    found: /its sum of the raw files is not that of its lines/,
  }),
  'the sum of all files in the manifest': () => ({
    files: changed(MANIFEST, (json: Manifest) => ({ ...json, whole: { ...json.whole, sha256: NO_SUM } })),
    seal: (files) => files,
    found:
      /its sum of all files is not that of its lines[\s\S]*the sum of all files is [0-9a-f]{64}, and manifest\.json names 0+$/m,
  }),
  'the drill that the manifest names': () => ({
    files: changed(MANIFEST, (json: object) => ({ ...json, drillId: 'drill-2' })),
    seal: (files) => files,
    found: /manifest\.json names the drillId "drill-2", and report\.json "drill-1"/,
  }),
  'a range of the ledger, removed': () => ({
    files: changed('report/ledger.json', (json: { ranges: string[] }) => ({ ...json, ranges: json.ranges.slice(1) })),
    seal: resealed,
    found: /ledger\.json: ranges\[0\] is /,
  }),
  'the records of a container, those of another drill': () => ({
    files: {
      ...whole,
      [chunks[0] as string]: bytesOf(other, Object.keys(other).find((path) => CHUNK.test(path)) ?? ''),
    },
    seal: resealed,
    // Another seed of the load, so other response times; which figures they move depends on both loads.
    found: /report\.json: \S+ is .*; the raw files give |cannot be computed/,
  }),
  'the objectives of the request': () => ({
    files: edited(whole, 'request.json', (text) => text.replace('recovery_time_s <= 10', 'recovery_time_s <= 99')),
    seal: resealed,
    found:
      /report\.json: criteria\[\d+\]\.objective is "recovery_time_s <= 10"; the raw files give "recovery_time_s <= 99"/,
  }),
  'an objective of report.json': () => ({
    files: edited(whole, 'report/report.json', (text) =>
      text.replace('recovery_time_s <= 10', 'recovery_time_s <= 99'),
    ),
    seal: resealed,
    found: /criteria\[\d+\]\.objective is "recovery_time_s <= 99"; the raw files give "recovery_time_s <= 10"/,
  }),
  'the rate of the request': () => ({
    files: changed('request.json', ({ plan, ...rest }: { plan: { load: object } }) => ({
      ...rest,
      plan: { ...plan, load: { ...plan.load, targetTps: 20 } },
    })),
    seal: resealed,
    found: /report\.json: /,
  }),
  'the plan that the containers got': () => ({
    files: changed('plan.json', (json: object) => ({ ...json, targetTps: 20 })),
    seal: resealed,
    found: /plan\.json: targetTps is 20; the fields of request\.json give 40/,
  }),
  'the order of the events in report.json': () => ({
    files: changed('report/report.json', (json: { events: unknown[] }) => ({
      ...json,
      events: json.events.toReversed(),
    })),
    seal: resealed,
    found: /report\.json: events\[0\]\./,
  }),
  'the order of the events in the evidence': () => ({
    files: Object.fromEntries(
      Object.entries(whole).map(([path, content]) => [
        path.replace(/^(evidence\/events\/)([01])\//, (_, folder, index) => `${folder}${1 - Number(index)}/`),
        content,
      ]),
    ),
    seal: resealed,
    found: /report\.json: |cannot be computed/,
  }),
  'the time of an event in report.json': () => ({
    files: edited(whole, 'report/report.json', (text) => text.replaceAll(report.moments.t2, later(report.moments.t2))),
    seal: resealed,
    found: /report\.json: .*moments\.t2 is /,
  }),
  'the time at which the platform accepted an event': () => ({
    files: edited(whole, 'evidence/events/0/answer-0.json', (text) =>
      text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, (at) => later(at)),
    ),
    seal: resealed,
    found: /report\.json: /,
  }),
  'an entry of the journal in report-inputs.json': () => ({
    files: changed('evidence/report-inputs.json', (json: { journal: unknown[] }) => ({
      ...json,
      journal: json.journal.slice(1),
    })),
    seal: resealed,
    found: /journal/,
  }),
  'a file that the manifest does not name': () => ({
    files: { ...whole, 'report/approved.txt': Buffer.from('yes') },
    seal: (files) => files,
    found: /report\/approved\.txt was added/,
  }),
  'a line of the manifest, removed with its file': () => ({
    files: without(whole, 'evidence/audit-2.json'),
    seal: resealed,
    found: /report\.json: |cannot be computed/,
  }),
  'a line of the manifest, removed without its file': () => ({
    files: changed(MANIFEST, (json: Manifest) => ({
      ...json,
      files: json.files.filter(({ path }) => path !== 'evidence/facts.json'),
    })),
    seal: (files) => files,
    found: /evidence\/facts\.json was added: manifest\.json does not name it/,
  }),
  'the records of one container, left out as if they had not been asked for': () => ({
    files: leftOut(chunks[0] as string),
    seal: (files) => files,
    found: /holds some of the records of the load, and not .*\.bin/,
  }),
  'a file of the evidence, left out as if it were a record of the load': () => ({
    files: leftOut('evidence/platform-log.json' in whole ? 'evidence/platform-log.json' : 'evidence/cleanup.json'),
    seal: (files) => files,
    found: /is not in the archive: only the records of the load may be left out/,
  }),
}

const later = (at: string): string => new Date(Date.parse(at) + 1_500).toISOString()

/** Its sum stays in the manifest, which says that it is not included. */
const leftOut = (path: string): Files =>
  edited(without(whole, path), MANIFEST, (text) => {
    const manifest = JSON.parse(text) as Manifest
    const files = manifest.files.map((file) => (file.path === path ? { ...file, isIncluded: false } : file))
    return JSON.stringify({ ...manifest, files })
  })

describe('verify finds', () => {
  test('nothing before anything is changed, in this drill with two events', async () => {
    expect([report.verdict, await differences(whole)]).toEqual(['PASS', ''])
  })

  test.each(casesOf(Object.entries(forgeries)))('%s', async (_, forge) => {
    const { files, seal, found } = forge()
    expect(await differences(seal(files))).toMatch(found)
  })

  test('any raw file that was changed or removed, by the sum that the report names', { timeout: 120_000 }, async () => {
    const raw = Object.keys(whole).filter(isRaw)
    expect(raw.length).toBeGreaterThan(15)
    for (const path of raw)
      for (const forged of [without(whole, path), { ...whole, [path]: Buffer.concat([bytesOf(whole, path), SPACE]) }]) {
        const found = await withArchive(refitted(forged), (zip) => sumDifferences(zip, report))
        expect([path, found.differences.join('\n')]).toEqual([path, expect.stringContaining('names the raw files')])
      }
  })

  test('any file of the report that was changed or removed, with a manifest that fits, but for those that the guide names', {
    timeout: 120_000,
  }, async () => {
    const own = Object.keys(whole).filter((path) => !isRaw(path) && ![MANIFEST, 'report/report.json'].includes(path))
    const entries = Object.entries(whole)
    const all = (change: (content: Uint8Array) => Uint8Array | null): Files =>
      Object.fromEntries(
        entries.flatMap(([path, content]) => {
          const next = own.includes(path) ? change(content) : content
          return next === null ? [] : [[path, next]]
        }),
      )
    const changes = await differences(refitted(all((content) => Buffer.concat([content, SPACE]))))
    const removals = await differences(refitted(all(() => null)))
    const names = own.map((path) => path.replace(/^report\//, ''))
    const unfound = names.filter((name) => !changes.includes(`${name}: `) || !removals.includes(`${name} is missing`))
    const guide = readFileSync(join(import.meta.dirname, '../../docs/evidence.md'), 'utf8')
    const [, named = ''] = /Not found .*?: (.*)\./.exec(guide) ?? []
    expect(unfound.map((name) => name.replaceAll(/\d+/g, 'N')).sort()).toEqual(
      [...named.matchAll(/`([^`]+)`/g)].map(([, name]) => name).sort(),
    )
  })
})

// ---- The archive itself -----------------------------------------------------------------------------------------------

const zipped = Buffer.from(
  zipSync({ 'request.json': Buffer.from(textIn(whole, 'request.json')), 'go.json': Buffer.from('{}') }),
)
const END = zipped.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]))
const LIST = zipped.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]))
const hidden = Buffer.from(zipSync({ 'other.json': Buffer.from('{"hidden": true}') }))
const hiddenFile = hidden.subarray(0, hidden.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02])))

/** A list of files that begins so many bytes later. */
const moved = (archive: Buffer, by: number): Buffer => {
  const copy = Buffer.from(archive)
  const at = copy.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]))
  copy.writeUInt32LE(copy.readUInt32LE(at + 16) + by, at + 16)
  return copy
}

test.each<[string, Buffer, RegExp]>([
  [
    'a file that the list of files does not name',
    moved(Buffer.concat([zipped.subarray(0, LIST), hiddenFile, zipped.subarray(LIST)]), hiddenFile.length),
    /holds \d+ bytes that belong to none of its files/,
  ],
  ['bytes behind its end', Buffer.concat([zipped, Buffer.from('more')]), /bytes behind its end/],
  [
    'another name at the file than in the list of files',
    Buffer.from(zipped.toString('latin1').replace('go.json', 'no.json'), 'latin1'),
    /"go\.json" has another name in front of its content/,
  ],
  ['half of it', zipped.subarray(0, Math.floor(zipped.length / 2)), /its end is missing/],
  ['its content without its list of files', Buffer.concat([zipped.subarray(0, LIST), zipped.subarray(END)]), /cut off/],
])('an archive with %s is refused', async (_, bytes, wanted) => {
  await withZip(bytes, (path) => expect(() => openZip(path)).toThrow(wanted))
})

test('an archive that another program packed is read', async () => {
  const stored = Buffer.from(zipSync({ 'request.json': [Buffer.from('{}'), { level: 0 }] }))
  const comment = Buffer.from('packed again')
  stored.writeUInt16LE(comment.length, stored.length - 2)
  await withZip(Buffer.concat([stored, comment]), (path) => openZip(path).close())
})
