/** The state that an attempt of the step probe shows: how far it got, and why not further. */
import { PROBE_CODES, type Step } from '../../loadgen-image/contract/step-probe.ts'
import { WAY_STATES, type WayState } from '../model/chart-data.ts'

const NO_ANSWER = new Set([
  'connect-timeout',
  'reply-timeout',
  'ETIMEDOUT',
  PROBE_CODES.givenUp,
  PROBE_CODES.writeWaits,
])
const STARTING = '57P03'

/** It ended at a deadline of the probe or of the network, without an answer. */
export const isLate = (code: string): boolean => NO_ANSWER.has(code)

/** Of an attempt that ended after this step, by its code. */
export function stateAtEnd(reached: Step, code: string): WayState {
  switch (reached) {
    case 'wrote':
    case 'read-only':
      return reached
    case 'logged in':
      if (code === PROBE_CODES.serverLoginRetry) return 'PgBouncer waits'
      return isLate(code) ? 'no reply' : 'write failed'
    case 'accepted':
    case 'encrypted':
      if (code === PROBE_CODES.serverLoginRetry) return 'PgBouncer waits'
      if (code === STARTING) return 'starting or stopping'
      return isLate(code) ? 'login without answer' : 'login failed'
    case 'resolved':
      if (code === 'ECONNREFUSED') return 'refused'
      return isLate(code) ? 'no answer' : 'not reached'
    case 'nothing':
      return 'name without address'
  }
}

/** Of an attempt that waits behind this step. */
export const stateWhileWaiting = (reached: Step): WayState => stateAtEnd(reached, 'reply-timeout')

export const rankOf = (state: WayState): number => WAY_STATES.indexOf(state)
