/** The guide to events against the table of kinds, the checks and the schema of requests. */

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BEFORE_CHECK_IDS } from '../../../functions/checklist/before.ts'
import { isCaused, isNeededBy } from '../../../functions/event-kinds/kinds.ts'
import { FAILOVER_MODES, PLANNED_KINDS, type PlannedEvent } from '../../../functions/model/planned-event.ts'
import { REQUEST_EXAMPLES } from '../../../functions/request/examples.ts'
import { parseRequest } from '../../../functions/request/request.ts'
import { requestsTo } from '../../support/builders.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const guide = read('docs/events.md')
const rows = new Map(
  [...guide.matchAll(/^\| `(\w+)` \|(.*)\|$/gm)].map(([, kind = '', cells = '']) => [kind, cells.split('|')]),
)

const parsed = (body: unknown) =>
  parseRequest(body, {
    drillId: 'example',
    requestedAt: '2000-01-01T00:00:00.000Z',
    requestedBy: 'http',
    defaults: requestsTo({ resourceGroup: 'rg', server: 'pg-orders', database: 'orders' }, 20),
  })

const eventOf = (kind: PlannedEvent['kind']): PlannedEvent => {
  const answer = parsed(REQUEST_EXAMPLES[kind].value)
  if (!answer.ok) throw new Error(`the example of ${kind} is refused: ${JSON.stringify(answer.problems)}`)
  return answer.plan.events.find((event) => event.kind === kind) as PlannedEvent
}

test('the guide has one row for each kind of event, with every column', () => {
  expect([...rows.keys()]).toEqual([...PLANNED_KINDS])
  for (const cells of rows.values()) expect(cells.map((cell) => cell.trim()).filter(Boolean)).toHaveLength(5)
})

describe.each([...PLANNED_KINDS])('the row of %s', (kind) => {
  test('names the checks that this kind needs beyond those of every drill, and no others', () => {
    const ofKinds = BEFORE_CHECK_IDS.filter((id) => PLANNED_KINDS.some((one) => !isNeededBy([eventOf(one)], id)))
    expect(ofKinds).toContain('ha-mode')
    const named = [...(rows.get(kind)?.[1] ?? '').matchAll(/`([\w-]+)`/g)].map(([, id]) => id)
    expect(named.toSorted()).toEqual(ofKinds.filter((id) => isNeededBy([eventOf(kind)], id)).toSorted())
  })

  test('says that the drill asks for nothing where it does not, and for a call of the platform where it does', () => {
    const asks = rows.get(kind)?.[0] ?? ''
    expect(/`(?:POST|PATCH)/.test(asks)).toBe(isCaused(eventOf(kind)))
    expect(asks.trim() === 'nothing').toBe(!isCaused(eventOf(kind)))
  })

  test("has an example in the API's description that the API accepts", () => {
    expect(eventOf(kind).kind).toBe(kind)
  })
})

test('the guide names every mode of a failover', () => {
  for (const mode of FAILOVER_MODES) expect(rows.get('failover')?.[0]).toContain(`\`${mode}\``)
})

test.each(['docs/api.md', 'docs/campaigns.md', 'docs/events.md'])(
  'the API accepts every request that %s shows',
  (path) => {
    const blocks = [...read(path).matchAll(/^( *)```json\n([\s\S]*?)\n\1```$/gm)].map(([, , body]) => body ?? '')
    expect(blocks.length).toBeGreaterThan(0)
    for (const body of blocks) {
      const shown = JSON.parse(body)
      // A campaign has the request of its drills inside.
      const answer = parsed(shown.request ?? shown)
      expect(answer.ok ? [] : answer.problems, body).toEqual([])
    }
  },
)
