import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { FAILOVER_MODES, PLANNED_KINDS, PROMOTE_OPTIONS } from '../../../functions/model/planned-event.ts'
import { requestSchema } from '../../../functions/request/request.ts'
import { campaignOf, fieldOfCampaign, requestOf } from '../../../functions/web/browser/page/drill-request.ts'
import { dashboardAsset, dashboardPage } from '../../../functions/web/dashboard.ts'
import { GAUGES, healthOf, levelOf } from '../../../functions/web/health.ts'
import { remember, summarise } from '../../../functions/web/history.ts'
import { browserScripts, ENTRY, LIBRARY } from '../../../functions/web/scripts.ts'
import { spark } from '../../../functions/web/spark.ts'

describe('what is served to the browser', () => {
  const scripts = browserScripts()

  test('is one script and the chart library, which the script imports by the name under which it is served', async () => {
    const found = await scripts
    expect([...found.keys()]).toEqual([ENTRY, LIBRARY])
    const script = found.get(ENTRY) ?? ''
    const imported = (form: RegExp) => [...script.matchAll(form)].map(([, specifier]) => specifier)
    // Only when a chart is drawn: it is larger than all else together.
    expect(imported(/\bimport\(\s*"([^"]*)"\s*\)/g)).toEqual([`./${LIBRARY}`])
    expect(imported(/\bfrom\s*"([.@/\w][^"]*)"/g)).toEqual([])
    expect(dashboardPage('keys').body).toContain(`src="dashboard/${ENTRY}"`)
  })

  test('is JavaScript of the browser: nothing of Node, no validation library, no server-side drawing', async () => {
    const body = (await scripts).get(ENTRY) ?? ''
    expect(body.length).toBeGreaterThan(10_000)
    expect(body).not.toMatch(/node:|ZodError|SVGRenderer|\bprocess\./)
  })

  test('may not be kept, framed or extended by scripts from elsewhere', () => {
    const { headers, body, contentType } = dashboardPage('keys')
    expect(contentType).toBe('text/html; charset=utf-8')
    expect(headers['content-security-policy']).toMatch(/default-src 'none'; script-src 'self';/)
    expect(headers['content-security-policy']).not.toMatch(/script-src[^;]*unsafe|https?:/)
    expect(body).not.toMatch(/<script(?![^>]*\ssrc=)[^>]*>|\son\w+="/)
    expect(headers.etag).toMatch(/^"[0-9a-f]{32}"$/)
  })

  test('has no file under a name that is not one of its own', async () => {
    for (const name of ['', '..', '../app.ts', 'main.js', 'constructor']) expect(await dashboardAsset(name)).toBeNull()
    expect((await dashboardAsset('dashboard.css'))?.contentType).toBe('text/css; charset=utf-8')
  })
})

test('what a first picture of the dashboard needs is under 200 KB, and nothing of it blocks but its style', async () => {
  const { body } = dashboardPage('keys')
  const style = (await dashboardAsset('dashboard.css'))?.body ?? ''
  const script = (await browserScripts()).get(ENTRY) ?? ''
  expect(Buffer.byteLength(body) + Buffer.byteLength(style) + Buffer.byteLength(script)).toBeLessThan(200_000)
  expect(body.match(/<script[^>]*>/g)).toEqual([`<script type="module" src="dashboard/${ENTRY}">`])
})

describe('a sparkline', () => {
  test('is a line through the known values with a dot on the last one, and a gap where a value is not known', () => {
    expect(spark([1, null, 3, 2])?.text).toBe(
      '<svg class="spark" viewBox="0 0 72 18" width="72" height="18" aria-hidden="true"><path d="M3.0 15.0M47.0 3.0L69.0 9.0"/><circle cx="69.0" cy="9.0" r="2.2"/></svg>',
    )
    expect(spark([4, 4])?.text).toContain('d="M3.0 9.0L69.0 9.0"')
    expect(spark([4, 5, null])?.text).not.toContain('circle')
  })

  test.each([[[]], [[1]], [[null, 2, null]]])('of %j is none: fewer than two values make no line', (values) => {
    expect(spark(values)).toBeNull()
  })
})

const metric = (name: string, value: number | null) => ({ name, unit: '', value, at: '2026-03-02T02:00:00.000Z' })
const calm = [metric('cpu_percent', 20), metric('memory_percent', 30), metric('active_connections', 100)]

describe('the health line', () => {
  const table: ReadonlyArray<readonly [name: string, value: number | null, words: string]> = [
    ['cpu_percent', 80, 'Resources are healthy'],
    ['cpu_percent', 80.1, 'Elevated CPU'],
    ['cpu_percent', 90.1, 'Critical: high CPU'],
    ['memory_percent', 81, 'Elevated memory'],
    ['memory_percent', 91, 'Critical: high memory'],
    ['active_connections', 1501, 'High connection count'],
    ['active_connections', 1901, 'Critical: connections almost exhausted'],
    ['cpu_percent', null, 'Not all of CPU, memory and connections have arrived'],
  ]
  for (const [name, value, words] of table)
    test(`says "${words}" for ${name} ${value}`, () => {
      expect(healthOf([...calm.filter((one) => one.name !== name), metric(name, value)]).words).toBe(words)
    })

  test('says the worst first', () => {
    const both = [metric('cpu_percent', 85), metric('memory_percent', 95), metric('active_connections', 1)]
    expect(healthOf(both)).toEqual({ level: 'bad', words: 'Critical: high memory' })
  })
})

test('a gauge turns yellow and red at its own thresholds, and has no colour without a value', () => {
  const [cpu, memory, connections, network] = GAUGES as [never, never, never, never]
  expect([69.9, 70, 89.9, 90].map((value) => levelOf(cpu, value))).toEqual(['good', 'warn', 'warn', 'bad'])
  expect([79.9, 80, 90].map((value) => levelOf(memory, value))).toEqual(['good', 'warn', 'bad'])
  expect([1499, 1500, 1800].map((value) => levelOf(connections, value))).toEqual(['good', 'warn', 'bad'])
  expect(levelOf(network, 1e12)).toBe('plain')
  expect(levelOf(cpu, null)).toBe('unmeasured')
})

describe('the last five minutes', () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 2, 2, 2, minute)).toISOString()
  const sample = (minute: number, value: number | null) => ({
    name: 'cpu_percent',
    unit: 'Percent',
    value,
    at: at(minute),
  })

  test('hold each moment once, in order, and nothing older', () => {
    const looks = [sample(0, 10), sample(1, 20), sample(1, 20), sample(6, 60), sample(5, 50)]
    const history = looks.reduce<ReturnType<typeof remember>>((known, one) => remember(known, [one]), {})
    expect(history.cpu_percent).toEqual([
      { at: at(1), value: 20 },
      { at: at(5), value: 50 },
      { at: at(6), value: 60 },
    ])
  })

  test('take the points that the app already has, and leave gaps out of the average', () => {
    const recent = [
      { at: at(0), value: 10 },
      { at: at(1), value: null },
    ]
    const history = remember({}, [{ ...sample(2, 30), recent }])
    expect(summarise(history.cpu_percent)).toEqual({ average: 20, maximum: 30 })
    expect(summarise([])).toEqual({ average: null, maximum: null })
  })
})

describe('the request of the start form', () => {
  const form = (fields: Readonly<Record<string, string>>): FormData => {
    const data = new FormData()
    for (const [name, value] of Object.entries(fields)) data.set(name, value)
    return data
  }

  const event = (row: number, fields: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [`events[${row}].${name}`, value]))
  /** The row that the form begins with. */
  const unchosen = event(0, { kind: 'failover', atSeconds: '', mode: 'forced' })

  test('leaves out what was left empty', () =>
    expect(
      requestOf(
        form({
          targetTps: '',
          workers: ' ',
          ...event(0, { kind: 'failover', mode: 'forced', atSeconds: '' }),
          note: '',
        }),
      ),
    ).toEqual({}))

  test('nests what belongs together, and sends numbers as numbers', () =>
    expect(
      requestOf(
        form({
          ...unchosen,
          targetTps: '400',
          'timing.warmupSeconds': '2.5',
          'target.server': '123',
          criteria: 'a < 1\n\n b > 2 ',
        }),
      ),
    ).toEqual({
      targetTps: 400,
      timing: { warmupSeconds: 2.5 },
      target: { server: '123' },
      criteria: ['a < 1', 'b > 2'],
    }))

  test('names every check that is overridden', () => {
    const data = form(unchosen)
    for (const id of ['server-sku', 'storage-iops']) data.append('force', id)
    expect(requestOf(data)).toEqual({ force: ['server-sku', 'storage-iops'] })
  })

  test.each([
    ['', {}],
    ['true', { returnHome: true }],
  ])('returns the zones home only where that is chosen: "%s"', (returnHome, expected) => {
    expect(requestOf(form({ ...unchosen, returnHome }))).toEqual(expected)
    const { body } = dashboardPage('keys')
    expect(body).toContain('data-field="returnHome"')
    expect(body).toMatch(new RegExp(`<select [^>]*name="returnHome"[^>]*>.*<option value="${returnHome}">`))
  })

  test('asks for no event where every row was removed', () => expect(requestOf(form({}))).toEqual({ events: [] }))

  test.each<[string, Readonly<Record<string, string>>, unknown]>([
    ['a planned failover', { mode: 'planned', kind: 'failover' }, { atSeconds: 40, kind: 'failover', mode: 'planned' }],
    [
      'a failover at a time',
      { kind: 'failover', atSeconds: '25', mode: 'forced' },
      { atSeconds: 25, kind: 'failover', mode: 'forced' },
    ],
    ['a restart', { kind: 'restart', atSeconds: '0' }, { atSeconds: 0, kind: 'restart' }],
    [
      'a scaling',
      { kind: 'scale', sku: ' Standard_D8ds_v5 ' },
      { atSeconds: 40, kind: 'scale', sku: 'Standard_D8ds_v5' },
    ],
    [
      'a switchover and back',
      { kind: 'switchover', mode: 'planned', replica: '123', returnHome: 'true' },
      { atSeconds: 40, kind: 'switchover', mode: 'planned', replica: '123', returnHome: true },
    ],
    ['a watch', { kind: 'external' }, { atSeconds: 40, kind: 'external' }],
  ])('asks for %s, at 40 % of the load where no time is given', (_, fields, expected) => {
    expect(requestOf(form({ durationSeconds: '100', ...event(0, fields) }))).toEqual({
      durationSeconds: 100,
      events: [expected],
    })
  })

  test('asks for several events in the order of their rows', () => {
    const both = {
      ...event(0, { kind: 'failover', mode: 'forced' }),
      ...event(1, { kind: 'restart', atSeconds: '200' }),
    }
    expect(requestOf(form(both))).toEqual({
      events: [
        { atSeconds: 120, kind: 'failover', mode: 'forced' },
        { atSeconds: 200, kind: 'restart' },
      ],
    })
  })
})

describe('the events of the start form', () => {
  /** Of the template of a row: fields by the kind that shows them. */
  const rowFields = [
    ...dashboardPage('keys').body.matchAll(/data-field="events\[#\]\.(\w+)"(?: data-kind="(\w+)")?/g),
  ].map(([, name, kind]) => (kind === undefined ? name : `${kind}.${name}`))

  test('have all fields of all kinds that a request may have', () => {
    const schema = z.toJSONSchema(requestSchema, { io: 'input' }) as unknown as {
      properties: { events: { items: { oneOf: { properties: Record<string, { const?: string }> }[] } } }
    }
    const expected = schema.properties.events.items.oneOf.flatMap(({ properties }) =>
      Object.keys(properties)
        .filter((name) => name !== 'kind' && name !== 'atSeconds')
        .map((name) => `${properties.kind?.const}.${name}`),
    )
    expect(expected).toContain('scale.sku')
    expect(rowFields.toSorted()).toEqual([...expected, 'atSeconds', 'kind'].toSorted())
  })

  test('offer every kind and every mode', () => {
    const offered = [...dashboardPage('keys').body.matchAll(/<option value="(\w+)">/g)].map(([, value]) => value)
    for (const value of [...PLANNED_KINDS, ...FAILOVER_MODES, ...PROMOTE_OPTIONS]) expect(offered).toContain(value)
  })
})

describe('a start form that asks for a campaign', () => {
  const formOf = (fields: Readonly<Record<string, string>>): FormData => {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    return form
  }

  test.each(['', '1'])('asks for a single drill when it repeats "%s"', (repeat) => {
    const form = formOf({ repeat, gapMinutes: '30', campaignCriteria: 'drills_passed == 2', targetTps: '50' })
    expect([campaignOf(form), requestOf(form)]).toEqual([null, { targetTps: 50, events: [] }])
  })

  test('puts the request of the drill inside, and leaves out what is empty', () => {
    const form = formOf({ repeat: '3', gapMinutes: '', campaignCriteria: '', targetTps: '50' })
    expect(campaignOf(form)).toEqual({ drills: 3, request: { targetTps: 50, events: [] } })
    const full = formOf({
      repeat: '3',
      gapMinutes: '30.5',
      campaignCriteria: 'recovery_time_s[max] <= 60\n\n drills_passed == 3 ',
      criteria: 'lost_commits == 0',
    })
    expect(campaignOf(full)).toEqual({
      drills: 3,
      gapMinutes: 30.5,
      criteria: ['recovery_time_s[max] <= 60', 'drills_passed == 3'],
      request: { criteria: ['lost_commits == 0'], events: [] },
    })
  })

  test.each([
    ['drills', 'repeat'],
    ['gapMinutes', 'gapMinutes'],
    ['criteria[1]', 'campaignCriteria'],
    ['request.criteria[0]', 'criteria[0]'],
    ['request.timing.warmupSeconds', 'timing.warmupSeconds'],
  ])('shows a problem of %s at %s', (field, shown) => expect(fieldOfCampaign(field)).toBe(shown))
})
