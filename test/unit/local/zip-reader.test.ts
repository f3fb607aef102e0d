import { zipSync } from 'fflate'
import { expect, test } from 'vitest'
import { readWhole } from '../../../infra/local/evidence/archive-blobs.ts'
import { verify } from '../../../infra/local/evidence/verification.ts'
import { openZip } from '../../../infra/local/evidence/zip-reader.ts'
import { CannotRun } from '../../../infra/local/process/problem.ts'
import { withZip } from '../../support/evidence.ts'

const text = Buffer.from('{"a": 1}'.repeat(1_000))
const BOMB_BYTES = 64 * 1024 * 1024
const bomb = Buffer.from(zipSync({ 'request.json': new Uint8Array(BOMB_BYTES) }))
const good = Buffer.from(
  zipSync({ 'request.json': text, 'evidence/stored.bin': [text, { level: 0 }], 'empty.txt': new Uint8Array(0) }),
)

/** Of what is refused when the archive is opened or when this file is read. */
const refusal = (bytes: Uint8Array, name = 'request.json'): Promise<string> =>
  withZip(bytes, async (path) => {
    try {
      const zip = openZip(path)
      try {
        await readWhole(zip, name)
      } finally {
        zip.close()
      }
      return 'read'
    } catch (error) {
      if (!(error instanceof CannotRun)) throw error
      return error.message.replace(path, 'X')
    }
  })

/** The entry of the first file in the list of files, and the place of the end of the archive. */
const DIRECTORY = good.indexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]))
const END = good.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]))
const patched = (at: number, value: number, bytes: 2 | 4): Buffer => {
  const copy = Buffer.from(good)
  copy.writeUIntLE(value, at, bytes)
  return copy
}

test('files that are compressed, stored and empty are read', () =>
  withZip(good, async (path) => {
    const zip = openZip(path)
    expect(zip.names).toEqual(['request.json', 'evidence/stored.bin', 'empty.txt'])
    for (const name of ['request.json', 'evidence/stored.bin'])
      expect((await readWhole(zip, name))?.equals(text)).toBe(true)
    expect(await readWhole(zip, 'empty.txt')).toHaveLength(0)
    expect(await readWhole(zip, 'other.txt')).toBeNull()
    zip.close()
  }))

test.each([
  '../outside.json',
  'evidence/../../outside.json',
  '/etc/passwd',
  'C:\\windows\\system.ini',
  '..\\outside.json',
  'evidence//x.json',
  'evidence/',
  '.',
  'a\u0000b',
])('an archive with the name %j is refused', async (name) =>
  expect(await refusal(zipSync({ 'request.json': text, [name]: text }))).toMatch(
    /^X cannot be verified: it holds ".*", which is no name of a drill's file$/,
  ),
)

test('a bomb is refused before anything is unpacked', async () => {
  expect(bomb.length).toBeLessThan(100_000)
  expect(await refusal(bomb)).toMatch(
    /^X cannot be verified: \d+ KB would unpack to 64 MB, more than a drill's files can$/,
  )
})

test('a bomb that lies about its size is stopped at the size that it names', async () => {
  const lie = Buffer.from(bomb)
  lie.writeUInt32LE(1_000, lie.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02])) + 24)
  expect(await refusal(lie)).toBe('X cannot be verified: "request.json" is longer than the archive says')
})

test.each([
  ['no archive at all', Buffer.from('hello'), /no ZIP archive, or its end is missing/],
  ['an empty file', Buffer.alloc(0), /no ZIP archive, or its end is missing/],
  ['an archive that is cut off', good.subarray(0, good.length - 40), /no ZIP archive, or its end is missing/],
  ['a cut in the middle with its end', Buffer.concat([good.subarray(0, 50), good.subarray(END)]), /cut off|damaged/],
  ['a list of files that is damaged', patched(DIRECTORY, 7, 2), /its list of files is damaged/],
  ['too many files', patched(END + 10, 60_000, 2), /lists 60000 files/],
  ['a ZIP64 archive', patched(END + 10, 0xffff, 2), /ZIP64/],
  ['an encrypted file', patched(DIRECTORY + 8, 1, 2), /is encrypted/],
  ['another way of compressing', patched(DIRECTORY + 10, 12, 2), /compressed by method 12/],
  ['a symbolic link', patched(DIRECTORY + 38, 0xa1ff0000, 4), /holds the link "request.json"/],
  ['content that is damaged', patched(45, 0xffffffff, 4), /"request.json" is (damaged|shorter|longer)/],
  ['a header elsewhere', patched(DIRECTORY + 42, 5, 4), /"request.json" is damaged/],
  ['content beyond the end', patched(DIRECTORY + 20, 0x7fffffff, 4), /"request.json" is cut off/],
])('%s is refused with one message', async (_, bytes, wanted) => {
  const message = await refusal(bytes)
  expect(message).toMatch(wanted)
  expect(message).toMatch(/^X cannot be verified: /)
})

test('a name that occurs twice is refused', async () => {
  const other = Buffer.from(zipSync({ 'request.json': text, 'requezt.json': text }))
  const twice = Buffer.from(other.toString('latin1').replaceAll('requezt', 'request'), 'latin1')
  expect(await refusal(twice)).toBe('X cannot be verified: it holds "request.json" twice')
})

test('an archive of other files cannot be verified', () =>
  withZip(zipSync({ 'request.json': text, 'manifest.json': Buffer.from('[1, 2') }), async (path) => {
    const zip = openZip(path)
    await expect(verify(zip)).rejects.toThrow(
      'There is no report/report.json in the archive, so there is nothing to verify',
    )
    zip.close()
  }))
