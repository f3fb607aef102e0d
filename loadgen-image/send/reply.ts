/**
 * Reads the server's replies to the transaction: only what the generator needs, without an object per message.
 * A reply is usually one packet (row description, row, command complete, ready); one that was split is put together again.
 */
import { OWN_CODES } from '../record/outcome.ts'

export interface ServerMessage {
  readonly severity: string
  readonly code: string
  readonly message: string
  /** The function in the server's source that sent it: the same in every language of messages. */
  readonly routine: string
}

export interface ReplyHandler {
  /** The first column of the returned row, when it is a number; and whether the command completed. */
  onReady(completed: boolean, firstColumn: number | null): void
  onError(error: ServerMessage): void
  onNotice(notice: ServerMessage): void
}

const HEADER_BYTES = 5
/** No reply of PostgreSQL to a one-row INSERT is longer. */
const MAX_MESSAGE_BYTES = 1024 * 1024

const DATA_ROW = 'D'.charCodeAt(0)
const COMMAND_COMPLETE = 'C'.charCodeAt(0)
const READY_FOR_QUERY = 'Z'.charCodeAt(0)
const ERROR_RESPONSE = 'E'.charCodeAt(0)
const NOTICE_RESPONSE = 'N'.charCodeAt(0)

export class ReplyReader {
  readonly #handler: ReplyHandler
  #rest: Buffer | null = null
  #completed = false
  #firstColumn: number | null = null

  constructor(handler: ReplyHandler) {
    this.#handler = handler
  }

  /** `bytes` may be reused by the caller afterwards. */
  push(bytes: Buffer, length: number): void {
    if (this.#rest === null) this.#keep(bytes, this.#readAll(bytes, length), length)
    else {
      const joined = Buffer.concat([this.#rest, bytes.subarray(0, length)])
      this.#rest = null
      this.#keep(joined, this.#readAll(joined, joined.length), joined.length)
    }
  }

  #keep(bytes: Buffer, from: number, to: number): void {
    if (from < to) this.#rest = Buffer.from(bytes.subarray(from, to))
  }

  /** Returns where the first unfinished message begins. */
  #readAll(bytes: Buffer, end: number): number {
    let at = 0
    while (end - at >= HEADER_BYTES) {
      const length = ((bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!) >>> 0
      if (length < 4 || length > MAX_MESSAGE_BYTES) return this.#garbled(end)
      const next = at + 1 + length
      if (next > end) break
      this.#read(bytes[at]!, bytes, at + HEADER_BYTES, next)
      at = next
    }
    return at
  }

  #read(type: number, bytes: Buffer, from: number, to: number): void {
    if (type === READY_FOR_QUERY) this.#ready()
    else if (type === COMMAND_COMPLETE) this.#completed = true
    else if (type === DATA_ROW) this.#firstColumn = firstColumnOf(bytes, from)
    else if (type === ERROR_RESPONSE) this.#handler.onError(serverMessage(bytes, from, to))
    else if (type === NOTICE_RESPONSE) this.#handler.onNotice(serverMessage(bytes, from, to))
  }

  #ready(): void {
    const completed = this.#completed
    const firstColumn = this.#firstColumn
    this.#completed = false
    this.#firstColumn = null
    this.#handler.onReady(completed, firstColumn)
  }

  #garbled(end: number): number {
    const message = 'the peer does not speak the PostgreSQL protocol'
    this.#handler.onError({ severity: 'FATAL', code: OWN_CODES.protocol, message, routine: '' })
    return end
  }
}

/** Column count, then length and text of the first column. Null for NULL and for what is not a whole number. */
function firstColumnOf(bytes: Buffer, from: number): number | null {
  const length = bytes.readInt32BE(from + 2)
  let value = 0
  for (let i = from + 6; i < from + 6 + length; i++) {
    const digit = bytes[i]! - 48
    if (digit < 0 || digit > 9) return null
    value = 10 * value + digit
  }
  return length > 0 ? value : null
}

/** Fields of one letter and a text each, ended by zero bytes. `V` is the severity that no language changes. */
function serverMessage(bytes: Buffer, from: number, to: number): ServerMessage {
  const fields: Record<string, string> = {}
  for (let at = from; at < to && bytes[at] !== 0; ) {
    const end = bytes.indexOf(0, at + 1)
    if (end < 0 || end >= to) break
    fields[String.fromCharCode(bytes[at]!)] = bytes.toString('utf8', at + 1, end)
    at = end + 1
  }
  const { V, S, C, M, R } = fields
  return { severity: V ?? S ?? '', code: C ?? '', message: M ?? '', routine: R ?? '' }
}
