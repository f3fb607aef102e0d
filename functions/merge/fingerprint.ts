/**
 * A 52-bit hash of a record. Two copies of one record are harmless; two different records of the same second mean that one of
 * them is wrong, and the hash separates the two cases without keeping the records.
 */
import type { SecondRecord, SparseHistogram } from '../../loadgen-image/contract/glossary.ts'

const TWO_32 = 2 ** 32
const PRIME_A = 0x01000193
const PRIME_B = 0x85ebca6b
const PRIME_C = 0xc2b2ae35
const NULL_WORD = 0x6e756c6c

class Mixer {
  #a = 0x811c9dc5
  #b = 0x9e3779b9

  /** Small whole numbers in bulk: nearly all that a record holds. */
  words(values: readonly number[]): void {
    let a = this.#a ^ values.length
    let b = this.#b
    for (let i = 0; i < values.length; i++) {
      const word = values[i] as number
      a = Math.imul(a ^ word, PRIME_A)
      b = Math.imul(b + word, PRIME_B) ^ (b >>> 13)
    }
    this.#a = a
    this.#b = b
  }

  /** Bucket and count in turn: both in one step, because a record has thousands. */
  pairs(values: SparseHistogram): void {
    let a = this.#a ^ values.length
    let b = this.#b
    for (let i = 0; i < values.length; i += 2) {
      const word = (values[i] as number) ^ Math.imul(values[i + 1] as number, PRIME_C)
      a = Math.imul(a ^ word, PRIME_A)
      b = Math.imul(b + word, PRIME_B) ^ (b >>> 13)
    }
    this.#a = a
    this.#b = b
  }

  /** Every field of a nested value, in its order. */
  fields(value: object): void {
    for (const field of Object.values(value)) {
      if (typeof field === 'string') this.words(Array.from(field, (letter) => letter.codePointAt(0) as number))
      else if (typeof field === 'object' && field !== null) this.fields(field)
      else this.number(field as number | null)
    }
  }

  number(value: number | null): void {
    if (value === null) this.words([NULL_WORD])
    else this.words([value % TWO_32, Math.floor(value / TWO_32)])
  }

  digest(): number {
    return (this.#a >>> 6) * 2 ** 26 + (this.#b >>> 6)
  }
}

export function fingerprint(record: SecondRecord): number {
  const mixer = new Mixer()
  mixer.words(Object.values(record.counts))
  mixer.words(record.acksPerTenth)
  for (const histogram of [record.response, record.service, record.sendLag]) mixer.pairs(histogram)
  for (const part of [
    record.errors,
    record.ackGaps,
    record.timelines,
    record.firstAcks,
    record.outages,
    record.health.stalls,
  ])
    mixer.fields(part)
  for (const { worker, firstSeq, count, exceptions } of record.ledger) {
    mixer.words([worker, firstSeq, count])
    if (exceptions.length > 0) mixer.fields(exceptions)
  }
  mixer.fields(record.connections)
  mixer.number(record.waiting)
  mixer.number(record.lastMissedAtUs)
  return mixer.digest()
}
