/** How long ago the last promotion of a server was (a failover, a switchover, or a scaling that may promote), and whether the next drill may begin. */

/** What is on record, in words, and whether the cool-down is over. */
export function coolDownOf(
  lastAt: string,
  now: string,
  minutes: number,
): { readonly isOver: boolean; readonly words: string } {
  const elapsed = (Date.parse(now) - Date.parse(lastAt)) / 60_000
  // In the future: a request whose answer was lost.
  const words = elapsed < 0 ? `an event may still come until ${lastAt}` : `${Math.floor(elapsed)} min`
  return { isOver: elapsed >= minutes, words }
}
