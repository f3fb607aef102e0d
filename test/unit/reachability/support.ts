/** Attempts of a step probe, in milliseconds of a made-up load. */
import type { ProbeAttempt, ProbeRecord, SteadyWrites, Step, Way } from '../../../loadgen-image/contract/step-probe.ts'
import { NO_WATCH } from '../../support/watch-records.ts'

interface Times {
  readonly from: number
  readonly to?: number
  readonly way?: Way
  readonly code?: string
}

const STEP_FIELDS = ['resolvedAtUs', 'acceptedAtUs', 'encryptedAtUs', 'loggedInAtUs'] as const
const TAKEN: Readonly<Record<Step, number>> = {
  nothing: 0,
  resolved: 1,
  accepted: 2,
  encrypted: 3,
  'logged in': 4,
  'read-only': 4,
  wrote: 4,
}

/** A new connection whose steps take no time; it waits behind the last one. */
export function anAttempt(reached: Step, { from, to = from + 2, way = 'direct', code = '' }: Times): ProbeAttempt {
  const taken = Object.fromEntries(STEP_FIELDS.map((name, i) => [name, i < TAKEN[reached] ? from * 1000 : null]))
  return { way, isNew: true, begunAtUs: from * 1000, endedAtUs: to * 1000, reached, code, ...taken } as ProbeAttempt
}

/** One every 100 ms. */
export const attempts = (reached: Step, { from, to = from, ...rest }: Times): ProbeAttempt[] =>
  Array.from({ length: Math.floor((to - from) / 100) + 1 }, (_, i) =>
    anAttempt(reached, { from: from + 100 * i, ...rest }),
  )

export const steadyWrites = (from: number, to: number, way: Way = 'direct'): SteadyWrites => ({
  way,
  fromUs: from * 1000,
  toUs: to * 1000,
  writes: Math.floor((to - from) / 100) + 1,
})

export const aProbeRecord = (own: Partial<ProbeRecord>): ProbeRecord => ({
  second: 0,
  container: 0,
  incarnation: 'a',
  ways: ['direct', 'pgbouncer'],
  problem: '',
  steady: [],
  attempts: [],
  names: [],
  stalls: [],
  watch: NO_WATCH,
  ...own,
})
