/** A drill as asked for, after validation and defaults: what the orchestration gets as its input. Holds no secret. */
import type { AppProbe } from '../../loadgen-image/contract/app-probe.ts'
import type { LoadSettings } from '../../loadgen-image/contract/load-plan.ts'
import type { PlannedEvent } from './planned-event.ts'

/** Which server. The names only: credentials come from the app's settings. */
export interface Target {
  /** Only where the server is in another subscription than the app's load generators. */
  readonly subscriptionId?: string
  readonly resourceGroup: string
  readonly server: string
  readonly database: string
}

export interface DrillPlan {
  readonly drillId: string
  readonly requestedAt: string
  readonly requestedBy: 'http' | 'timer' | 'campaign'
  readonly target: Target
  readonly load: LoadSettings
  /** In the order of time. */
  readonly events: readonly PlannedEvent[]
  /** Beside the load, from every container. */
  readonly probes: readonly AppProbe[]
  readonly timing: DrillTiming
  /** Objectives such as `recovery_time_s <= 120`. */
  readonly criteria: readonly string[]
  /** Ids of checks whose failure does not stop the drill. */
  readonly force: readonly string[]
  /** Consent: when tables, parent rows or the load's role are not ready, the check makes them so. */
  readonly migrate: boolean
  readonly containerSize: { readonly cpu: number; readonly memoryGb: number }
  readonly note: string | null
}

export interface DrillTiming {
  /** Discarded at the start of the load; the baseline runs from here to the first event. */
  readonly warmupSeconds: number
  /** Recovery: goodput in a rolling window of this length ... */
  readonly recoveryWindowSeconds: number
  /** ... must hold for this long. 30 s unless a short drill leaves no room. */
  readonly recoveryHoldSeconds: number
  readonly readyTimeoutSeconds: number
  /** How long an event may take before the drill reports it as not completed. */
  readonly eventTimeoutSeconds: number
  /** How long to wait for HA to be Healthy again after the load ended. */
  readonly healthyTimeoutSeconds: number
  readonly auditPauseSeconds: number
  readonly cooldownMinutes: number
  readonly watchIntervalSeconds: number
  /** Platform metrics come late: collect again after this. 0: once is enough. */
  readonly lateMetricsSeconds: number
}

/** What is written once when a drill is asked for: every later step reads its plan from here. */

export interface StoredRequest {
  readonly plan: DrillPlan
  /** Of the request's body: separates a repeated request from another one under the same key. */
  readonly bodyHash: string
}
