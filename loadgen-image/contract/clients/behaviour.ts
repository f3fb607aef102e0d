/**
 * How a client behaves around a lost connection: what one cohort of workers obeys. A file without a schema, because the threads of
 * the load load it.
 */

/** How a client connects again after its connection is lost. */
export interface RetryPolicy {
  readonly firstDelayMs: number
  readonly maxDelayMs: number
  readonly multiplier: number
  /** Full jitter: each delay is drawn between 0 and its value. */
  readonly jitter: boolean
}

/** A pool asks a connection that was idle for a while whether it lives, before it hands it out. */
interface Validation {
  readonly afterIdleMs: number
  readonly timeoutMs: number
}

export interface ClientBehaviour {
  /** For one attempt, login included; null: the client sets none, and the operating system decides. */
  readonly connectTimeoutMs: number | null
  /** Then the session is given up; null: the client sets none, and the operating system decides. */
  readonly replyTimeoutMs: number | null
  readonly retry: RetryPolicy
  /** For so long an address is used without asking for the name again; 0: it is asked for with each attempt. */
  readonly addressCacheMs: number
  /** An idle connection is probed by TCP after so long; null: not at all. */
  readonly keepAliveMs: number | null
  /** Null: a connection is used without a look at it. */
  readonly validation: Validation | null
}

export type BehaviourSetting = keyof ClientBehaviour

export const BEHAVIOUR_SETTINGS = [
  'connectTimeoutMs',
  'replyTimeoutMs',
  'retry',
  'addressCacheMs',
  'keepAliveMs',
  'validation',
] as const satisfies readonly BehaviourSetting[]

/** What a plan says of a cohort: a setting that is absent is the load's own. */
export type GivenBehaviour = Pick<ClientBehaviour, 'retry'> & {
  readonly [Setting in BehaviourSetting]?: ClientBehaviour[Setting] | undefined
}

/** How the load generator behaves where neither a request nor a known client decides. */
export const OWN_BEHAVIOUR = {
  retry: { firstDelayMs: 50, maxDelayMs: 1_000, multiplier: 2, jitter: true },
  addressCacheMs: 0,
  keepAliveMs: 10_000,
  validation: null,
} as const satisfies Partial<ClientBehaviour>

/** Every setting of a cohort. The time limits that it does not give are those of its load. */
export const behaviourOf = (
  cohort: GivenBehaviour,
  load: { readonly connectTimeoutMs: number; readonly replyTimeoutMs: number },
): ClientBehaviour => ({
  connectTimeoutMs: cohort.connectTimeoutMs === undefined ? load.connectTimeoutMs : cohort.connectTimeoutMs,
  replyTimeoutMs: cohort.replyTimeoutMs === undefined ? load.replyTimeoutMs : cohort.replyTimeoutMs,
  retry: cohort.retry,
  addressCacheMs: cohort.addressCacheMs ?? OWN_BEHAVIOUR.addressCacheMs,
  keepAliveMs: cohort.keepAliveMs === undefined ? OWN_BEHAVIOUR.keepAliveMs : cohort.keepAliveMs,
  validation: cohort.validation ?? OWN_BEHAVIOUR.validation,
})

/** The longest time after which a worker gives up a reply. One without such a limit waits until the load ends. */
export const maxReplyTimeoutMs = (load: {
  readonly replyTimeoutMs: number
  readonly cohorts: ReadonlyArray<Pick<GivenBehaviour, 'replyTimeoutMs'>>
}): number => Math.max(load.replyTimeoutMs, ...load.cohorts.map(({ replyTimeoutMs }) => replyTimeoutMs ?? 0))
