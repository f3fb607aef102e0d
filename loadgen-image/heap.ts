/**
 * Keeps the heap as large as it is after its first minute. V8 doubles its young generation now and then, for hours, however
 * little survives in it: harmless, but a load generator whose memory grows looks like one that leaks.
 */
import { setFlagsFromString } from 'node:v8'

/**
 * What the image sets for the C library, and every process that stands for a container is given. Otherwise each of Node's
 * threads fills an arena of its own, and the holes that one leaves are of no use to the others.
 */
export const HEAP_ENVIRONMENT = { MALLOC_ARENA_MAX: '1' } as const

/** To be called first of all: the threads' heaps take their size when they are made. */
export function limitHeapGrowth(): void {
  setFlagsFromString('--min-semi-space-size=4')
  setFlagsFromString('--semi-space-growth-factor=1')
}
