/** Blob storage in memory: ETags, conditional writes, append blobs, and the time of every change. */
import { Readable } from 'node:stream'
import type { BlobInfo, Blobs } from '../../functions/clients/clients.ts'

interface Stored {
  pieces: Uint8Array[]
  size: number
  etag: string
  lastModifiedMs: number
  /** What was put as text: most blobs are read as often as they are written, and need no bytes. */
  text?: string | undefined
  /** What `peek` made of it; gone with the next change. */
  parsed?: unknown
}

export class MemoryBlobs implements Blobs {
  readonly #blobs = new Map<string, Stored>()
  readonly #nowMs: () => number
  #version = 0
  /** Throws from every call while it says so: storage that is away. */
  isAway: () => boolean = () => false

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  get names(): string[] {
    return [...this.#blobs.keys()].sort()
  }

  /** Everything that was ever written and is still there, as one text. */
  dump(): string {
    return this.names
      .map((name) => `${name}\n${Buffer.concat(this.#blobs.get(name)?.pieces ?? []).toString('latin1')}`)
      .join('\n')
  }

  lastModifiedMs(name: string): number | null {
    return this.#blobs.get(name)?.lastModifiedMs ?? null
  }

  has(name: string): boolean {
    return this.#blobs.has(name)
  }

  /** For the world and for tests, which look often and change nothing: parsed once. The app gets a copy of its own each time. */
  peek<T>(name: string): T | null {
    const stored = this.#blobs.get(name)
    if (stored === undefined) return null
    stored.parsed ??= parse(stored)
    return stored.parsed as T
  }

  put(name: string, content: string | Uint8Array): void {
    const isText = typeof content === 'string'
    const bytes = isText ? Buffer.from(content) : content
    this.#blobs.set(name, {
      pieces: [bytes],
      ...(isText ? { text: content } : {}),
      size: bytes.byteLength,
      etag: this.#nextTag(),
      lastModifiedMs: this.#nowMs(),
    })
  }

  append(name: string, bytes: Uint8Array): void {
    const stored = this.#blobs.get(name)
    if (stored === undefined) {
      this.put(name, bytes)
      return
    }
    stored.pieces.push(bytes)
    stored.size += bytes.byteLength
    stored.parsed = undefined
    stored.text = undefined
    stored.lastModifiedMs = this.#nowMs()
  }

  async readText(name: string): Promise<string | null> {
    const bytes = await this.readBytes(name)
    return bytes === null ? null : Buffer.from(bytes).toString('utf8')
  }

  async readJson<T>(name: string): Promise<T | null> {
    this.#reach()
    const stored = this.#blobs.get(name)
    return stored === undefined ? null : (parse(stored) as T)
  }

  async readWithTag<T>(name: string): Promise<{ readonly value: T; readonly etag: string } | null> {
    this.#reach()
    const stored = this.#blobs.get(name)
    return stored === undefined ? null : { value: parse(stored) as T, etag: stored.etag }
  }

  async readStream(name: string): Promise<Readable | null> {
    const stored = this.#blobs.get(name)
    this.#reach()
    return stored === undefined ? null : Readable.from([...stored.pieces])
  }

  async readBytes(name: string): Promise<Uint8Array | null> {
    this.#reach()
    const stored = this.#blobs.get(name)
    return stored === undefined ? null : bytesOf(stored)
  }

  async readFrom(name: string, offset: number, maxBytes = Number.POSITIVE_INFINITY): Promise<Uint8Array | null> {
    const bytes = await this.readBytes(name)
    return bytes === null ? null : bytes.subarray(offset, offset + maxBytes)
  }

  async write(name: string, content: string | Uint8Array): Promise<void> {
    this.#reach()
    this.put(name, content)
  }

  async writeJson(name: string, value: unknown): Promise<void> {
    await this.write(name, JSON.stringify(value))
  }

  async writeOnce(name: string, value: unknown): Promise<boolean> {
    this.#reach()
    if (this.#blobs.has(name)) return false
    this.put(name, JSON.stringify(value))
    return true
  }

  async replace(name: string, value: unknown, etag: string): Promise<boolean> {
    this.#reach()
    if (this.#blobs.get(name)?.etag !== etag) return false
    this.put(name, JSON.stringify(value))
    return true
  }

  async delete(name: string): Promise<void> {
    this.#reach()
    this.#blobs.delete(name)
  }

  async list(prefix: string): Promise<readonly BlobInfo[]> {
    this.#reach()
    return this.names
      .filter((name) => name.startsWith(prefix))
      .map((name) => {
        const { size, lastModifiedMs } = this.#blobs.get(name) as Stored
        return { name, size, lastModified: new Date(lastModifiedMs).toISOString() }
      })
  }

  async isWritable(): Promise<boolean> {
    this.#reach()
    return true
  }

  #reach(): void {
    if (this.isAway()) throw new Error('the blob storage does not answer')
  }

  #nextTag(): string {
    this.#version += 1
    return `"${this.#version}"`
  }
}

const bytesOf = ({ pieces: [first, ...more] }: Stored): Uint8Array =>
  first !== undefined && more.length === 0 ? first : Buffer.concat(first === undefined ? [] : [first, ...more])

const parse = (stored: Stored): unknown => JSON.parse(stored.text ?? Buffer.from(bytesOf(stored)).toString('utf8'))
