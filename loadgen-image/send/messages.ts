/** The messages between a run and its threads. */

import type { ServerTarget } from '../connection/target.ts'
import type { GeneratorHealth } from '../contract/glossary.ts'
import type { LoadPlan } from '../contract/load-plan.ts'
import type { LoginToken } from '../identity/database-token.ts'
import type { ClockAnchor } from '../record/clock.ts'
import type { SecondPart } from '../record/second.ts'

/** What a thread is started with. */
export interface ThreadSettings {
  readonly plan: LoadPlan
  readonly container: number
  readonly thread: number
  readonly threads: number
  readonly pgbouncer: ServerTarget
  readonly direct: ServerTarget
  readonly clock: ClockAnchor
  /** Null: the targets hold the password. */
  readonly token: LoginToken | null
}

export type ToThread =
  /** Log in with this from now on; open connections stay. */
  | ({ readonly kind: 'token' } & LoginToken)
  /** Start the load at this moment. */
  | { readonly kind: 'go'; readonly startAtUs: number }
  /** No arrival after now; wait for replies as long as the plan allows. */
  | { readonly kind: 'stop' }
  /** Settle everything now: in flight is unknown, waiting is missed. */
  | { readonly kind: 'finish' }

export type FromThread =
  /** How many of its workers are connected; sent when it changes before the load, at most ten times a second. */
  | { readonly kind: 'connected'; readonly open: number; readonly error: string | null }
  | { readonly kind: 'second'; readonly part: SecondPart; readonly loop: LoopDelay }
  | { readonly kind: 'done' }

export type LoopDelay = Pick<GeneratorHealth, 'eventLoopDelayP99Us' | 'eventLoopDelayMaxUs'>

/** Makes a kind of message that no case handles an error of the compiler. */
export function unreachable(message: never): never {
  throw new Error(`unknown message ${JSON.stringify(message)}`)
}
