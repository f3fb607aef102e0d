/** Intervals of time and what they have in common. Lists are rising and disjoint. */
export interface Interval {
  readonly fromUs: number
  readonly toUs: number
}

/** In any order, overlapping or not, to a rising and disjoint list. */
export function union(intervals: readonly Interval[]): Interval[] {
  const joined: { fromUs: number; toUs: number }[] = []
  for (const { fromUs, toUs } of [...intervals].sort((a, b) => a.fromUs - b.fromUs)) {
    const last = joined.at(-1)
    if (toUs <= fromUs) continue
    if (last !== undefined && fromUs <= last.toUs) last.toUs = Math.max(last.toUs, toUs)
    else joined.push({ fromUs, toUs })
  }
  return joined
}

export function intersection(a: readonly Interval[], b: readonly Interval[]): Interval[] {
  const common: Interval[] = []
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [left, right] = [a[i] as Interval, b[j] as Interval]
    const fromUs = Math.max(left.fromUs, right.fromUs)
    const toUs = Math.min(left.toUs, right.toUs)
    if (fromUs < toUs) common.push({ fromUs, toUs })
    if (left.toUs < right.toUs) i++
    else j++
  }
  return common
}

export const lengthUs = (intervals: readonly Interval[]): number =>
  intervals.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0)

/** How much of a stretch the intervals cover. */
export const coveredUs = (intervals: readonly Interval[], fromUs: number, toUs: number): number =>
  lengthUs(intersection(intervals, [{ fromUs, toUs }]))
