/** Runs `work` on all items, at most `width` at a time: 64 container groups need not be 64 requests in one instant. */
export async function inTurns<T, R>(items: readonly T[], width: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let from = 0; from < items.length; from += width)
    results.push(...(await Promise.all(items.slice(from, from + width).map(work))))
  return results
}
