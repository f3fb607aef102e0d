/** Which answers are compressed, and that their content stays. */
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { compressed, takesGzip } from '../../../functions/archive/compressed.ts'

const asking = (accepted: string) => ({ headers: new Headers({ 'accept-encoding': accepted }) })
const headersOf = ({ headers }: { headers?: unknown }) => headers as Record<string, string>
const long = 'a row of a report\n'.repeat(500)

test.each([
  [null, false],
  ['', false],
  ['gzip', true],
  ['br, GZIP;q=0.5', true],
  ['gzip;q=0', false],
  ['*', true],
  ['*, gzip;q=0', false],
  ['identity', false],
] as const)('accept-encoding %j: gzip %s', (accepted, taken) => {
  expect(takesGzip(accepted)).toBe(taken)
})

test.each(['text/html; charset=utf-8', 'text/csv', 'application/json; charset=utf-8'])(
  '%s is compressed, smaller, and the same once it is read; its validator is weak',
  async (type) => {
    const answer = { status: 200, body: long, headers: { 'content-type': type, etag: '"1"', vary: 'Accept' } }
    const sent = await compressed(asking('gzip'), answer)
    expect(headersOf(sent)).toMatchObject({
      'content-encoding': 'gzip',
      etag: 'W/"1"',
      vary: 'Accept, Accept-Encoding',
      'content-type': type,
    })
    expect((sent.body as Buffer).length).toBeLessThan(long.length / 5)
    expect(gunzipSync(sent.body as Buffer).toString()).toBe(long)
  },
)

test('a JSON value is compressed as its text', async () => {
  const value = { rows: Array.from({ length: 500 }, (_, row) => ({ row })) }
  const sent = await compressed(asking('gzip'), { jsonBody: value, headers: { 'content-type': 'application/json' } })
  expect(sent.jsonBody).toBeUndefined()
  expect(JSON.parse(gunzipSync(sent.body as Buffer).toString())).toEqual(value)
})

test.each([
  ['a caller that does not take it', 'identity', { body: long, headers: { 'content-type': 'text/csv' } }],
  ['a short text', 'gzip', { body: 'short', headers: { 'content-type': 'text/csv' } }],
  ['an archive', 'gzip', { body: new Uint8Array(5_000), headers: { 'content-type': 'application/zip' } }],
  ['an answer without a body', 'gzip', { status: 304, headers: { etag: '"1"' } }],
] as const)('%s: as it is', async (_, accepted, answer) => {
  const sent = await compressed(asking(accepted), answer)
  expect(sent).toMatchObject(answer)
  expect(headersOf(sent)['content-encoding']).toBeUndefined()
})
