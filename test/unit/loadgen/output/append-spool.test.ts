import { expect, test } from 'vitest'
import { AppendSpool, type SpoolOptions } from '../../../../loadgen-image/output/append-spool.ts'
import { eventually } from '../../../support/eventually.ts'

const PATIENCE_MS = 10_000

/** Append blobs in memory that can be down, slow to answer, or lose their replies. */
class FakeStore {
  readonly blobs = new Map<string, Buffer[]>()
  isDown = false
  losesReplies = 0

  async createAppendBlob(name: string): Promise<void> {
    if (this.isDown) throw new Error('down')
    if (!this.blobs.has(name)) this.blobs.set(name, [])
  }

  async append(name: string, bytes: Buffer, at: number): Promise<void> {
    if (this.isDown) throw new Error('down')
    const blocks = this.blobs.get(name)
    if (blocks === undefined) throw new Error('no such blob')
    const length = this.text(name).length
    if (at + bytes.length === length && this.text(name).endsWith(bytes.toString())) return
    if (at !== length) throw new Error(`asked for place ${at} of a blob of ${length} bytes`)
    blocks.push(bytes)
    if (this.losesReplies-- > 0) throw new Error('reply lost')
  }

  text(name = 'blob-0'): string {
    return Buffer.concat(this.blobs.get(name) ?? []).toString()
  }
}

function spoolOn(store: FakeStore, changes: Partial<SpoolOptions> = {}): { spool: AppendSpool; errors: unknown[] } {
  const errors: unknown[] = []
  const spool = new AppendSpool({
    store,
    nameOf: (part) => `blob-${part}`,
    contentType: 'text/plain',
    everyMs: 0,
    onError: (error) => errors.push(error),
    ...changes,
  })
  return { spool, errors }
}

const add = (spool: AppendSpool, ...entries: string[]): void => {
  for (const entry of entries) spool.add(Buffer.from(entry))
}

test('entries reach the blob in order while more come', async () => {
  const store = new FakeStore()
  const { spool } = spoolOn(store)
  add(spool, 'a', 'b')
  await eventually('the first entries are written', PATIENCE_MS, () => store.text() === 'ab')
  add(spool, 'c')
  await spool.close(PATIENCE_MS)
  expect([store.text(), spool.dropped]).toEqual(['abc', 0])
})

test('an outage of the store loses nothing: entries wait and follow in order', async () => {
  const store = new FakeStore()
  store.isDown = true
  const { spool, errors } = spoolOn(store)
  add(spool, 'a')
  await eventually('a first attempt failed', PATIENCE_MS, () => errors.length > 0)
  add(spool, 'b', 'c')
  store.isDown = false
  await eventually('everything is written', PATIENCE_MS, () => store.text() === 'abc')
  await spool.close(PATIENCE_MS)
  expect(spool.dropped).toBe(0)
})

test('past the bound entries are dropped and counted, and the rest is kept', async () => {
  const store = new FakeStore()
  store.isDown = true
  const { spool } = spoolOn(store, { maxBytes: 5 })
  add(spool, 'aa', 'bb', 'cc', 'd')
  store.isDown = false
  await spool.close(PATIENCE_MS)
  expect([store.text(), spool.dropped]).toEqual(['aabbd', 1])
})

test('a lost reply neither doubles a block nor loses one, also when more has come in between', async () => {
  const store = new FakeStore()
  store.losesReplies = 1
  const { spool, errors } = spoolOn(store)
  add(spool, 'a')
  await eventually('the reply is lost', PATIENCE_MS, () => errors.length > 0)
  add(spool, 'b', 'c')
  await spool.close(PATIENCE_MS)
  expect([store.text(), spool.dropped]).toEqual(['abc', 0])
})

test('30 s without the store at the highest rate fit into the bound', async () => {
  const store = new FakeStore()
  store.isDown = true
  const { spool, errors } = spoolOn(store)
  await eventually('the store is down', PATIENCE_MS, () => {
    spool.add(second())
    return errors.length > 0
  })
  while (spool.waiting < 30) spool.add(second())
  store.isDown = false
  await spool.close(PATIENCE_MS)
  expect(spool.dropped).toBe(0)
})

/** Far more than a record of 50,000 arrivals: three histograms of at most 6,000 buckets in use. */
const second = () => Buffer.alloc(256 * 1024, 'x')

test('a blob that is full is followed by the next', async () => {
  const store = new FakeStore()
  const { spool } = spoolOn(store, { maxBlocks: 2 })
  for (const entry of ['a', 'b', 'c', 'd', 'e']) {
    add(spool, entry)
    await eventually(`${entry} is written`, PATIENCE_MS, () => spool.waiting === 0)
  }
  await spool.close(PATIENCE_MS)
  expect(['blob-0', 'blob-1', 'blob-2'].map((name) => store.text(name))).toEqual(['ab', 'cd', 'e'])
})

test('entries that come together are one block', async () => {
  const store = new FakeStore()
  const { spool } = spoolOn(store, { everyMs: 60_000 })
  add(spool, 'a', 'b', 'c')
  await spool.close(PATIENCE_MS)
  expect(store.blobs.get('blob-0')?.map(String)).toEqual(['abc'])
})

test('closing gives up after its patience, and says how much was lost', async () => {
  const store = new FakeStore()
  store.isDown = true
  const { spool } = spoolOn(store)
  add(spool, 'a', 'b')
  await spool.close(50)
  expect([store.text(), spool.dropped]).toEqual(['', 2])
})
