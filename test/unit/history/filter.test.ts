/** The query of a filter against filtering by hand; test/integration/clients-table.test.ts holds the same on a table service. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { IndexEntry } from '../../../functions/model/drill-index.ts'
import { queryOf } from '../../../functions/model/history/filter.ts'
import { rowOfAll, rowOfServer } from '../../../functions/model/history/rows.ts'
import { MemoryTable } from '../../support/memory-table.ts'
import { byHand, FIRST_MS, someFilter, somePast } from '../../support/past-drills.ts'

const pageSize = fc.integer({ min: 1, max: 5 })

test('pages of a filtered list are, one after the other, what filtering by hand gives', async () => {
  await fc.assert(
    fc.asyncProperty(somePast, someFilter, pageSize, pageSize, async (drills, filter, limit, maxRowsLookedAt) => {
      const table = new MemoryTable()
      table.maxRowsLookedAt = maxRowsLookedAt
      for (const drill of drills) for (const row of [rowOfServer(drill), rowOfAll(drill)]) table.store(row)
      const keptSinceMs = FIRST_MS + 120_000
      const query = queryOf(filter, keptSinceMs)
      const found: IndexEntry[] = []
      let after: string | null = null
      do {
        const page: Awaited<ReturnType<typeof table.page<IndexEntry>>> = await table.page(query, limit, after)
        found.push(...page.rows.map(({ value }) => value))
        after = page.next
      } while (after !== null)
      expect(found).toEqual(byHand(drills, filter, keptSinceMs))
    }),
    { numRuns: 300 },
  )
})
