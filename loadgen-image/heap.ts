/**
 * Keeps the heap at the size of its first minute. V8 doubles its young generation from time to time, for hours, however few
 * objects survive in it: harmless, but a load generator whose memory grows looks like one that leaks.
 */
import { setFlagsFromString } from 'node:v8'

/**
 * Set in the image for the C library, and for every process that stands for a container. Otherwise each thread of Node fills
 * an arena of its own, and one thread cannot use the free memory of another.
 */
export const HEAP_ENVIRONMENT = { MALLOC_ARENA_MAX: '1' } as const

/** Call before threads start: their heaps take their size when they are made. */
export function limitHeapGrowth(): void {
  setFlagsFromString('--min-semi-space-size=4')
  setFlagsFromString('--semi-space-growth-factor=1')
}
