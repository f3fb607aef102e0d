/** The shape of a row in the table of the kinds of events (kinds.ts): everything in which kinds differ. */
import type { PrimaryIdentity } from '../model/facts.ts'
import type { PlannedKind, PlannedOf, PlatformRequest } from '../model/planned-event.ts'

/** What was seen of an event that the drill asked for. */
export interface SeenOfEvent {
  readonly before: PrimaryIdentity | null
  readonly after: PrimaryIdentity | null
  /** The timeline that the clients' rows brought in this event; null: none rose. */
  readonly newTimeline: number | null
  /** The newest that an audit saw and that may be of this event. */
  readonly auditTimeline: number | null
  /** Timelines that other events of the drill brought. */
  readonly otherTimelines: readonly number[]
}

export type Primaries = Pick<SeenOfEvent, 'before' | 'after'>

export interface NotNeeded {
  /** left out: it stays without need. wait: what decides was not seen. */
  readonly kind: 'left out' | 'wait'
  readonly why: string
}

export interface KindRow<Kind extends PlannedKind = PlannedKind> {
  /** Names the event behind "a" or "the": forced failover, restart. */
  readonly words: (event: PlannedOf<Kind>) => string
  /** Names the event with the server that it happens to, as the first words of a headline. */
  readonly title: (event: PlannedOf<Kind>, server: string) => string
  /** Where the primary went, as far as `title` does not say it. Zones of two regions say nothing of a switchover between them. */
  readonly move: (event: PlannedOf<Kind>, seen: Primaries) => string | null
  /** Null: the drill asks for nothing, and watches. */
  readonly request: (event: PlannedOf<Kind>) => PlatformRequest | null
  /** Ids of the checks that only this kind and some others need. */
  readonly needs: readonly string[]
  /** Another server becomes the primary: its standby is rebuilt, so a cool-down begins, and its timeline is a new one. */
  readonly promotes: 'always' | 'maybe' | 'never'
  /** The fields of the identity that this kind changes. One must be known before a request, or silence after it shows nothing. */
  readonly changes: ReadonlyArray<keyof PrimaryIdentity>
  /** The primary now is the one after the event. */
  readonly isDone: (before: PrimaryIdentity, now: PrimaryIdentity, event: PlannedOf<Kind>) => boolean
  /** An event of this kind took place; also of one that others caused. */
  readonly isShownBy: (seen: SeenOfEvent) => boolean
  /** What else must hold of an event that the drill asked for. */
  readonly isAsAsked: (event: PlannedOf<Kind>, seen: SeenOfEvent) => boolean
  /** Why the event is not needed any more at its time, or cannot be judged yet; null: it is needed. */
  readonly whyNotNeeded: (
    event: PlannedOf<Kind>,
    home: PrimaryIdentity | null,
    now: PrimaryIdentity,
  ) => NotNeeded | null
  /** What restores the state before, at the end of the drill; null: nothing does. */
  readonly undo: (event: PlannedOf<Kind>, before: PrimaryIdentity | null) => PlatformRequest | null
}
