/** Instants and spans as the report prints them: ISO with milliseconds, seconds with three decimals. */
import { round } from './statistics.ts'

export function isoOfUs(atUs: number): string
export function isoOfUs(atUs: number | null): string | null
export function isoOfUs(atUs: number | null): string | null {
  return atUs === null ? null : new Date(Math.round(atUs / 1000)).toISOString()
}

/** Null when one end was not seen. */
export const secondsBetween = (fromUs: number | null, toUs: number | null): number | null =>
  fromUs === null || toUs === null ? null : round((toUs - fromUs) / 1e6, 3)
