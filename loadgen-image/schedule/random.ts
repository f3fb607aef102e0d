/**
 * Seeded randomness, so that the same plan offers the same arrivals and amounts.
 * The generator is sfc32 (public domain, from the PractRand test suite): fast, and good to many terabytes.
 */
export type Random = () => number

const WARM_UP_ROUNDS = 12

/** Streams for different `parts` (container, thread, purpose) do not overlap in practice. */
export function seededRandom(seed: number, ...parts: readonly number[]): Random {
  let a = mix(seed, 0)
  let b = mix(seed, 1)
  let c = parts.reduce((mixed, part) => mix(part, mixed), 2)
  let counter = 1
  const next = (): number => {
    const sum = (a + b + counter++) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return (sum >>> 0) / 2 ** 32
  }
  for (let round = 0; round < WARM_UP_ROUNDS; round++) next()
  return next
}

/** MurmurHash3's finalizer: neighbouring seeds give unrelated states. */
function mix(value: number, salt: number): number {
  let hash = (value ^ Math.imul(salt + 1, 0x9e37_79b9)) | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return hash ^ (hash >>> 16)
}
