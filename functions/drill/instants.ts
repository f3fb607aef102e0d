/**
 * Instants and spans as the report prints them: ISO with milliseconds, and seconds that are the difference of two such
 * instants. Whoever subtracts the printed instants gets the printed span.
 */

const msOfUs = (atUs: number): number => Math.round(atUs / 1000)

export function isoOfUs(atUs: number): string
export function isoOfUs(atUs: number | null): string | null
export function isoOfUs(atUs: number | null): string | null {
  return atUs === null ? null : new Date(msOfUs(atUs)).toISOString()
}

/** Null when one end was not seen. */
export const secondsBetween = (fromUs: number | null, toUs: number | null): number | null =>
  fromUs === null || toUs === null ? null : (msOfUs(toUs) - msOfUs(fromUs)) / 1000
