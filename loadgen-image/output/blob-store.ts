/** The drill's blobs, as the generator needs them: calls of the Azure SDK and no decisions. */
import { ContainerClient, RestError, type StoragePipelineOptions } from '@azure/storage-blob'
import { credentialOf } from '../identity/credential.ts'

export type BlobAccess =
  | { readonly kind: 'identity'; readonly containerUrl: string; readonly clientId: string | null }
  | { readonly kind: 'connection-string'; readonly connectionString: string; readonly container: string }

export interface BlobStore {
  readJson(name: string): Promise<unknown>
  /** False when it exists already. */
  writeOnce(name: string, value: unknown): Promise<boolean>
  write(name: string, content: string, contentType: string): Promise<void>
  createAppendBlob(name: string, contentType: string): Promise<void>
  /** At this position only: an attempt that arrived although its reply was lost is not repeated. */
  append(name: string, bytes: Buffer, at: number): Promise<void>
}

/** A request that hangs is worse than one that fails: the callers try again. */
const REQUEST_TIMEOUT_MS = 10_000
const PIPELINE: StoragePipelineOptions = {
  retryOptions: { maxTries: 2, tryTimeoutInMs: REQUEST_TIMEOUT_MS, retryDelayInMs: 200, maxRetryDelayInMs: 1000 },
}

export function openBlobStore(access: BlobAccess): BlobStore {
  const container = containerClient(access)
  const signal = () => ({ abortSignal: AbortSignal.timeout(2 * REQUEST_TIMEOUT_MS) })
  return {
    async readJson(name) {
      const content = await absentAsNull(container.getBlobClient(name).downloadToBuffer(0, undefined, signal()))
      return content === null ? null : (JSON.parse(content.toString('utf8')) as unknown)
    },
    async writeOnce(name, value) {
      const content = JSON.stringify(value)
      const conditions = { ifNoneMatch: '*' }
      const options = { ...signal(), conditions, blobHTTPHeaders: { blobContentType: 'application/json' } }
      const upload = container.getBlockBlobClient(name).upload(content, Buffer.byteLength(content), options)
      return upload.then(() => true).catch(falseWhenItExists)
    },
    async write(name, content, contentType) {
      const options = { ...signal(), blobHTTPHeaders: { blobContentType: contentType } }
      await container.getBlockBlobClient(name).upload(content, Buffer.byteLength(content), options)
    },
    async createAppendBlob(name, contentType) {
      const options = { ...signal(), blobHTTPHeaders: { blobContentType: contentType } }
      await container.getAppendBlobClient(name).createIfNotExists(options)
    },
    async append(name, bytes, at) {
      const blob = container.getAppendBlobClient(name)
      const options = { ...signal(), conditions: { appendPosition: at } }
      await blob.appendBlock(bytes, bytes.length, options).catch(async (error: unknown) => {
        if (statusOf(error) !== 412) throw error
        const { contentLength = 0 } = await blob.getProperties(signal())
        if (contentLength < at + bytes.length) throw error
      })
    },
  }
}

function containerClient(access: BlobAccess): ContainerClient {
  if (access.kind === 'connection-string')
    return new ContainerClient(access.connectionString, access.container, PIPELINE)
  return new ContainerClient(access.containerUrl, credentialOf(access.clientId), PIPELINE)
}

const statusOf = (error: unknown): number | undefined => (error instanceof RestError ? error.statusCode : undefined)

const absentAsNull = <T>(request: Promise<T>): Promise<T | null> =>
  request.catch((error: unknown) => {
    if (statusOf(error) === 404) return null
    throw error
  })

function falseWhenItExists(error: unknown): false {
  if (statusOf(error) === 409 || statusOf(error) === 412) return false
  throw error
}
