/** The events that a request plans, and what the drill asks of the platform for them. The table of the kinds is in event-kinds/. */

export const FAILOVER_MODES = ['forced', 'planned', 'forcedSwitchover', 'plannedSwitchover'] as const
export type FailoverMode = (typeof FAILOVER_MODES)[number]

export const PROMOTE_OPTIONS = ['planned', 'forced'] as const
type PromoteOption = (typeof PROMOTE_OPTIONS)[number]

export const PLANNED_KINDS = ['failover', 'restart', 'scale', 'switchover', 'external'] as const
export type PlannedKind = (typeof PLANNED_KINDS)[number]

/** What the report recognises. promotion: a timeline rose, and no request of the drill claims it. outage: nothing shows what happened. */
export const EVENT_KINDS = ['failover', 'restart', 'scale', 'switchover', 'promotion', 'outage'] as const

/** `atSeconds` counts from the start of the load. */
export type PlannedEvent = {
  readonly atSeconds: number
} /** `returnsHome`: at the end of a drill that was asked to leave the zones as they were; left out when they are. */ & (
  | { readonly kind: 'failover'; readonly mode: FailoverMode; readonly returnsHome?: true }
  | { readonly kind: 'restart' }
  /** Scaled back at the end, always. */
  | { readonly kind: 'scale'; readonly sku: string }
  /** The read replica of this name is promoted; `returnHome`: and the old primary again at the end. */
  | {
      readonly kind: 'switchover'
      readonly mode: PromoteOption
      readonly replica: string
      readonly returnHome: boolean
    }
  /** The drill causes nothing: it recognises what others do from `atSeconds` to the end of the load. */
  | { readonly kind: 'external' }
)

export type PlannedOf<Kind extends PlannedKind> = Extract<PlannedEvent, { kind: Kind }>

/** The clients know these calls, and no kinds of events. */
export type PlatformRequest =
  /** Null: a restart without a failover. */
  | { readonly call: 'restart'; readonly failoverMode: FailoverMode | null }
  | { readonly call: 'scale'; readonly sku: string }
  | { readonly call: 'promote'; readonly replica: string; readonly option: PromoteOption }
