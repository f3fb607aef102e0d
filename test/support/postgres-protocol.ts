/** Messages of a PostgreSQL server, as the fakes of the tests send them. */

export const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
export const int16 = (value: number): Buffer => int32(value).subarray(2)
export const text = (...words: readonly string[]): Buffer => Buffer.from(words.map((word) => `${word}\0`).join(''))

export function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from(type), int32(4 + body.length), body])
}

/** One column in text; no value is NULL. */
export const row = (value: string | null): Buffer =>
  message('D', int16(1), int32(value === null ? -1 : value.length), Buffer.from(value ?? ''))

export const complete = (tag: string): Buffer => message('C', text(tag))
export const READY = message('Z', Buffer.from('I'))
export const SSL_REQUEST = 80_877_103
