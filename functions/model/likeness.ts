/** What drills must have in common to be compared. */
export interface Likeness {
  /** "400 TPS, 20 clients, 1 container, 45 s; forced failover" */
  readonly words: string
  /** All other settings of the load that move a figure, as one text. */
  readonly settings: string
}

export const isLike = (one: Likeness, other: Likeness): boolean =>
  one.words === other.words && one.settings === other.settings
