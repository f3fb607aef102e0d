/** The blob client against a real Azurite, and against an account that loses replies. */
import { createServer, type Server } from 'node:http'
import { ContainerClient } from '@azure/storage-blob'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Blobs } from '../../functions/clients/clients.ts'
import { createBlobs } from '../../functions/clients/storage/blobs.ts'
import { holdFreePort } from '../../infra/local/process/ports.ts'
import { Processes } from '../../infra/local/process/processes.ts'
import { createStackFolder, type StackFolder } from '../../infra/local/process/stack-folder.ts'
import { type Azurite, startAzurite } from '../../infra/local/stack/azurite.ts'
import { listening } from '../support/ports.ts'
import { timeouts } from '../support/timeouts.ts'

let folder: StackFolder
let processes: Processes
let azurite: Azurite
let container: ContainerClient
let blobs: Blobs
let number = 0

beforeAll(async () => {
  folder = createStackFolder()
  processes = new Processes(folder)
  azurite = await startAzurite(processes, { blob: await holdFreePort(folder) }, 'drills')
}, timeouts.stackStartsMs)

afterAll(async () => {
  await processes.stopAll()
  folder.close({ keep: false })
}, timeouts.processEndsMs)

beforeEach(async () => {
  container = new ContainerClient(azurite.connectionString, `test-${number++}`)
  await container.create()
  blobs = createBlobs(container)
})

test('what was written is read back, as text, bytes, JSON and stream', async () => {
  await blobs.write('a/text', 'grün')
  await blobs.write('a/bytes', new Uint8Array([0, 255, 1]))
  await blobs.writeJson('a/json', { n: 1 })
  expect(await blobs.readText('a/text')).toBe('grün')
  expect([...((await blobs.readFrom('a/bytes', 0)) ?? [])]).toEqual([0, 255, 1])
  expect(await blobs.readJson('a/json')).toEqual({ n: 1 })
  const parts: Buffer[] = []
  for await (const part of (await blobs.readStream('a/bytes')) ?? []) parts.push(Buffer.from(part))
  expect([...Buffer.concat(parts)]).toEqual([0, 255, 1])
})

test('what is not there is null, and deleting it is no error', async () => {
  expect(
    await Promise.all([
      blobs.readText('x'),
      blobs.readJson('x'),
      blobs.readWithTag('x'),
      blobs.readStream('x'),
      blobs.readFrom('x', 0),
    ]),
  ).toEqual([null, null, null, null, null])
  await blobs.delete('x')
})

test('content types follow the content', async () => {
  await blobs.write('text', 'x')
  await blobs.write('page', '<p>', 'text/html; charset=utf-8')
  await blobs.write('bytes', new Uint8Array([1]))
  await blobs.writeOnce('json', {})
  const typeOf = async (name: string) => (await container.getBlobClient(name).getProperties()).contentType
  expect(await Promise.all(['text', 'page', 'bytes', 'json'].map(typeOf))).toEqual([
    'text/plain; charset=utf-8',
    'text/html; charset=utf-8',
    'application/octet-stream',
    'application/json',
  ])
})

test('a watcher reads what was appended since, and nothing when nothing was', async () => {
  const log = container.getAppendBlobClient('log')
  await log.create()
  expect((await blobs.readFrom('log', 0))?.length).toBe(0)
  await log.appendBlock('abc', 3)
  await log.appendBlock('def', 3)
  const textFrom = async (offset: number) => Buffer.from((await blobs.readFrom('log', offset)) ?? []).toString()
  expect(await Promise.all([0, 2, 6].map(textFrom))).toEqual(['abcdef', 'cdef', ''])
})

test('of many writers of one name exactly one is the first, and the rest see its value', async () => {
  const wins = await Promise.all(Array.from({ length: 10 }, (_, n) => blobs.writeOnce('lock', { owner: n })))
  expect(wins.filter(Boolean)).toHaveLength(1)
  expect(await blobs.readJson('lock')).toEqual({ owner: wins.indexOf(true) })
})

test('the same value written once again is not the first', async () => {
  expect(await blobs.writeOnce('intent', { drill: 'a' })).toBe(true)
  expect(await blobs.writeOnce('intent', { drill: 'a' })).toBe(false)
})

test('a takeover succeeds only on what was seen', async () => {
  await blobs.writeOnce('lock', { owner: 'a' })
  const seen = await blobs.readWithTag<{ owner: string }>('lock')
  expect(seen?.value).toEqual({ owner: 'a' })
  expect(await blobs.replace('lock', { owner: 'b' }, seen?.etag ?? '')).toBe(true)
  expect(await blobs.replace('lock', { owner: 'c' }, seen?.etag ?? ''), 'changed in between').toBe(false)
  const again = await blobs.readWithTag('lock')
  await blobs.delete('lock')
  expect(await blobs.replace('lock', { owner: 'd' }, again?.etag ?? ''), 'removed in between').toBe(false)
  expect(await blobs.readJson('lock')).toBeNull()
})

test('a list has what begins with the prefix, with sizes', async () => {
  for (const name of ['drills/a/1', 'drills/a/2', 'drills/b/1']) await blobs.write(name, name)
  expect(await blobs.list('drills/a/')).toEqual(
    ['drills/a/1', 'drills/a/2'].map((name) => ({
      name,
      size: name.length,
      lastModified: expect.stringMatching(/^\d{4}-.*Z$/),
    })),
  )
})

test('a container that takes writes is writable and keeps no probe; one that does not exist is not', async () => {
  expect(await blobs.isWritable()).toBe(true)
  expect(await blobs.list('')).toEqual([])
  expect(await createBlobs(new ContainerClient(azurite.connectionString, 'nowhere')).isWritable()).toBe(false)
})

test('a blob that is not JSON is an error that names it', async () => {
  await blobs.write('odd', '{')
  await expect(blobs.readJson('odd')).rejects.toThrow(/blob odd is not JSON/)
})

// ---- Lost replies -----------------------------------------------------------------------------------------------------

/** Stands in front of the account; of the first PUT it passes the request on and cuts the connection instead of answering. */
async function loseFirstReply<T>(use: (connectionString: string) => Promise<T>): Promise<T> {
  const { origin, port } = new URL(/BlobEndpoint=([^;]+)/.exec(azurite.connectionString)?.[1] ?? '')
  let isLost = false
  const proxy: Server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', async () => {
      const answer = await fetch(`${origin}${request.url}`, {
        method: request.method ?? 'GET',
        headers: Object.entries(request.headers).flatMap(([name, value]) =>
          typeof value === 'string' && !['connection', 'content-length', 'host'].includes(name)
            ? [[name, value] as [string, string]]
            : [],
        ),
        ...(parts.length > 0 && { body: Buffer.concat(parts) }),
      })
      if (request.method === 'PUT' && !isLost) {
        isLost = true
        request.socket.destroy()
        return
      }
      response.writeHead(answer.status, Object.fromEntries(answer.headers))
      response.end(Buffer.from(await answer.arrayBuffer()))
    })
  })
  const own = await listening(proxy)
  try {
    return await use(azurite.connectionString.replace(`:${port}/`, `:${own}/`))
  } finally {
    proxy.closeAllConnections()
    proxy.close()
  }
}

test('a conditional write whose reply was lost knows that it was carried out', async () => {
  const name = container.containerName
  const first = await loseFirstReply((lossy) =>
    createBlobs(new ContainerClient(lossy, name)).writeOnce('intent', { n: 1 }),
  )
  expect({ first, stored: await blobs.readJson('intent') }).toEqual({ first: true, stored: { n: 1 } })
  const seen = await blobs.readWithTag('intent')
  const replaced = await loseFirstReply((lossy) =>
    createBlobs(new ContainerClient(lossy, name)).replace('intent', { n: 2 }, seen?.etag ?? ''),
  )
  expect({ replaced, stored: await blobs.readJson('intent') }).toEqual({ replaced: true, stored: { n: 2 } })
})
