/**
 * A 52-bit hash of the bytes of a record. Two copies of one record are harmless; two different records of the same second mean
 * that one of them is wrong, and the hash separates the two cases without keeping the records.
 */
import { crc32 } from 'node:zlib'

const PRIME = 0x01000193
const TWO_20 = 2 ** 20

/** CRC-32 and, independent of it, a multiplicative hash. */
export const fingerprint = (bytes: Uint8Array): number => crc32(bytes) * TWO_20 + (multiplied(bytes) >>> 12)

/** FNV-1a over words of four bytes; the upper half, which multiplication only fills, is mixed into the lower one. */
function multiplied(bytes: Uint8Array): number {
  const words = bytes.length >>> 2
  let hash = bytes.length
  for (let i = 0; i < 4 * words; i += 4) {
    const word = bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    hash = Math.imul(hash ^ word, PRIME)
    hash ^= hash >>> 15
  }
  for (let i = 4 * words; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, PRIME)
  return hash
}
