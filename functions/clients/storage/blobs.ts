/**
 * Blob storage: it holds everything that a drill knows outside the orchestration. Locks and intents use its conditional writes.
 *
 * A conditional write whose reply is lost is sent again by the pipeline, and then finds the first attempt. So each write
 * carries its own mark, and a write that finds its own mark has succeeded.
 */
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  type BlobRequestConditions,
  type BlockBlobUploadOptions,
  ContainerClient,
  StorageRetryPolicyType,
} from '@azure/storage-blob'
import type { BlobConfig } from '../../config/config.ts'
import type { AzureAccess } from '../azure/azure.ts'
import { azureErrorParts, isNotFound } from '../azure/azure-errors.ts'
import type { BlobInfo, Blobs } from '../clients.ts'

const JSON_TYPE = 'application/json'

/** A slow request is sent again: an activity has minutes. */
const PIPELINE = {
  retryOptions: {
    retryPolicyType: StorageRetryPolicyType.EXPONENTIAL,
    maxTries: 4,
    tryTimeoutInMs: 30_000,
    retryDelayInMs: 500,
    maxRetryDelayInMs: 2_000,
  },
}

export function connectContainer(config: BlobConfig, access: AzureAccess): ContainerClient {
  return config.kind === 'url'
    ? new ContainerClient(config.url, access.credential, PIPELINE)
    : new ContainerClient(config.connectionString.reveal(), config.container, PIPELINE)
}

export function createBlobs(container: ContainerClient): Blobs {
  const readText = async (name: string) => (await download(container, name))?.bytes.toString('utf8') ?? null
  const writeJson = (name: string, value: unknown) => upload(container, name, JSON.stringify(value), JSON_TYPE)
  return {
    readText,
    readJson: async <T>(name: string) => parse<T>(name, await readText(name)),
    readWithTag: <T>(name: string) => readWithTag<T>(container, name),
    readStream: (name) => openStream(container, name),
    readFrom: (name, offset, maxBytes) => readFrom(container, name, offset, maxBytes),
    write: (name, content, contentType) => upload(container, name, content, contentType ?? typeOf(content)),
    writeJson,
    writeOnce: (name, value) => writeIf(container, name, value, { ifNoneMatch: '*' }),
    replace: (name, value, etag) => writeIf(container, name, value, { ifMatch: etag }),
    delete: async (name) => {
      await container.getBlobClient(name).deleteIfExists()
    },
    list: (prefix) => listBlobs(container, prefix),
    isWritable: () => probe(container),
  }
}

// ---- Read -----------------------------------------------------------------------------------------------------------

async function download(container: ContainerClient, name: string): Promise<{ bytes: Buffer; etag: string } | null> {
  try {
    const answer = await container.getBlobClient(name).download()
    return { bytes: await collect(answer.readableStreamBody), etag: answer.etag ?? '' }
  } catch (cause) {
    if (isNotFound(cause)) return null
    throw new Error(`reading blob ${name} failed`, { cause })
  }
}

async function collect(stream: NodeJS.ReadableStream | undefined): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of stream ?? []) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}

/** The service refuses a range that begins at the end: then nothing was appended. */
async function readFrom(
  container: ContainerClient,
  name: string,
  offset: number,
  maxBytes: number | undefined,
): Promise<Uint8Array | null> {
  try {
    return await collect((await container.getBlobClient(name).download(offset, maxBytes)).readableStreamBody)
  } catch (cause) {
    if (isNotFound(cause)) return null
    if (azureErrorParts(cause).status === 416) return new Uint8Array()
    throw new Error(`reading blob ${name} from byte ${offset} on failed`, { cause })
  }
}

function parse<T>(name: string, text: string | null): T | null {
  if (text === null) return null
  try {
    return JSON.parse(text) as T
  } catch (cause) {
    throw new Error(`blob ${name} is not JSON; something else than this app wrote it`, { cause })
  }
}

async function readWithTag<T>(container: ContainerClient, name: string) {
  const found = await download(container, name)
  const value = found === null ? null : parse<T>(name, found.bytes.toString('utf8'))
  return found === null || value === null ? null : { value, etag: found.etag }
}

async function openStream(container: ContainerClient, name: string): Promise<Readable | null> {
  try {
    // The SDK resumes a broken download at the same byte.
    const { readableStreamBody } = await container.getBlobClient(name).download(0, undefined, { maxRetryRequests: 5 })
    return readableStreamBody === undefined ? null : Readable.from(readableStreamBody, { objectMode: false })
  } catch (cause) {
    if (isNotFound(cause)) return null
    throw new Error(`opening blob ${name} failed`, { cause })
  }
}

async function listBlobs(container: ContainerClient, prefix: string): Promise<BlobInfo[]> {
  const found: BlobInfo[] = []
  for await (const { name, properties } of container.listBlobsFlat({ prefix }))
    found.push({
      name,
      size: properties.contentLength ?? 0,
      lastModified: properties.lastModified.toISOString(),
    })
  return found
}

// ---- Write ----------------------------------------------------------------------------------------------------------

const typeOf = (content: string | Uint8Array) =>
  typeof content === 'string' ? 'text/plain; charset=utf-8' : 'application/octet-stream'

async function upload(
  container: ContainerClient,
  name: string,
  content: string | Uint8Array,
  contentType: string,
  options: BlockBlobUploadOptions = {},
): Promise<void> {
  const bytes = Buffer.from(content)
  try {
    await container
      .getBlockBlobClient(name)
      .upload(bytes, bytes.length, { ...options, blobHTTPHeaders: { blobContentType: contentType } })
  } catch (cause) {
    throw new Error(`writing blob ${name} failed`, { cause })
  }
}

async function writeIf(
  container: ContainerClient,
  name: string,
  value: unknown,
  conditions: BlobRequestConditions,
): Promise<boolean> {
  const mark = randomUUID()
  try {
    await upload(container, name, JSON.stringify(value), JSON_TYPE, { conditions, metadata: { mark } })
    return true
  } catch (error) {
    if (!isConditionNotMet(error)) throw error
    return (await markOf(container, name)) === mark
  }
}

/** 409: it exists. 412: it changed, or is gone. */
function isConditionNotMet(error: unknown): boolean {
  const { status, code } = azureErrorParts(error instanceof Error ? error.cause : error)
  return (
    status === 412 || (status === 409 && code === 'BlobAlreadyExists') || (status === 404 && code === 'BlobNotFound')
  )
}

async function markOf(container: ContainerClient, name: string): Promise<string | null> {
  try {
    return (await container.getBlobClient(name).getProperties()).metadata?.mark ?? null
  } catch (error) {
    if (isNotFound(error)) return null
    throw error
  }
}

async function probe(container: ContainerClient): Promise<boolean> {
  const name = `probe/${randomUUID()}`
  try {
    await upload(container, name, 'probe', 'text/plain')
    await container.getBlobClient(name).delete()
    return true
  } catch {
    return false
  }
}
