/** A source that does not answer: a gap in the facts, with its reason. */
import { errorText } from '../../../loadgen-image/contract/redact.ts'

/** The value, or null and a line in `gaps`. */
export async function orGap<T>(source: string, gaps: string[], value: Promise<T>): Promise<T | null> {
  try {
    return await value
  } catch (error) {
    gaps.push(`${source}: ${errorText(error)}`)
    return null
  }
}
