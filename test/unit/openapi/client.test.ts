/** A client that a generator makes of the description, and a program that is compiled against it: what is not described cannot be read. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { generateSource } from 'oazapfts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openApi } from '../../../functions/openapi/openapi.ts'

type Json = Readonly<Record<string, unknown>>

const folder = mkdtempSync(join(tmpdir(), 'openapi-client-'))
afterAll(() => rmSync(folder, { recursive: true }))

beforeAll(() => {
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
  const compilerOptions = {
    ...{ strict: true, noEmit: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: false },
    ...{ target: 'es2024', lib: ['es2024', 'dom'], module: 'nodenext', types: [], skipLibCheck: true },
  }
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }))
})

/** What a pipeline, a report of one's own and a page do with the answers. */
const PROGRAM = `
import { compareDrills, deleteContainers, listCampaigns, listContainers, listDrills, readCampaign, readDaily, readDefaults, readDrill, readReport, startDrill } from './client.js'

export async function program(id: string): Promise<readonly (string | number | null)[]> {
  const started = await startDrill({ targetTps: 100, events: [{ atSeconds: 10, kind: 'failover', mode: 'forced' }] })
  if (started.status !== 202) return [started.status]
  const answer = await readDrill(started.data.drillId)
  if (answer.status === 404) return [answer.data.title, ...(answer.data.problems ?? []).map(({ field, expected }) => field + expected)]
  if (answer.status !== 200) return [null]
  const { progress, history, request, events, links, stoppedBy } = answer.data
  const phase: 'baseline' | string = progress?.phase ?? ''
  const live: number | null = progress?.live?.latest?.goodputTps ?? null
  const wait: number = progress?.live?.ways?.[0]?.seconds ?? 0
  const newest: number | null = history.at(-1)?.p99Ms ?? null
  const rate: number | undefined = request?.targetTps
  const modes = events.flatMap((event) => (event.kind === 'failover' ? [event.mode] : []))
  const mode: 'forced' | 'planned' | 'forcedSwitchover' | 'plannedSwitchover' | undefined = modes[0]

  const page = await listDrills({ verdict: 'FAIL', kind: 'failover' })
  if (page.status !== 200 || typeof page.data === 'string') return [null]
  const recovery: (number | null)[] = page.data.drills.map(({ report }) => report?.figures.recoveryTimeSeconds ?? null)
  const bounds = page.data.drills.flatMap(({ report }) => report?.worst.recoveryTime.measured ?? [])
  const values: number[] = bounds.flatMap((one) => (one.kind === 'value' ? [one.value] : []))

  const compared = await compareDrills([id, id].join(','))
  if (compared.status !== 200) return [null]
  const verdict: 'PASS' | 'FAIL' | 'INCONCLUSIVE' | 'ABORTED' | undefined = compared.data.drills[0]?.verdict
  const low: number = Math.min(...compared.data.drills.flatMap(({ timeline }) => timeline.map(({ goodput }) => goodput)))

  const report = await readReport(id, { format: 'json' })
  const lost: number | null = report.status === 200 && typeof report.data !== 'string' ? report.data.ledger.lost : null

  const campaigns = await listCampaigns()
  const point: string | undefined = campaigns.status === 200 ? campaigns.data.campaigns[0]?.points[0]?.state : undefined
  const campaign = await readCampaign(id)
  const median: number | null = campaign.status === 200 && typeof campaign.data !== 'string' ? campaign.data.report?.figures[0]?.median.value ?? null : null

  const offer = await readDefaults()
  const advice: string[] = offer.status === 200 ? offer.data.presets.flatMap(({ failing }) => failing.map(({ advice }) => advice)) : []
  const daily = await readDaily()
  const why: string | undefined = daily.status === 200 ? daily.data.records[0]?.why : undefined
  const containers = await listContainers()
  const cost: number | null = containers.status === 200 ? containers.data.amount : null
  const deleted = await deleteContainers(id)
  const names: string[] = deleted.status === 200 ? deleted.data.deleted : []
  return [phase, live, wait, newest, rate ?? null, mode ?? null, ...recovery, ...values, verdict ?? null, low, lost, point ?? null,
    median, ...advice, why ?? null, cost, ...names, links.self, stoppedBy?.why ?? null]
}
`

async function compiled(description: Json, program = PROGRAM): Promise<string> {
  writeFileSync(join(folder, 'openapi.json'), JSON.stringify(description))
  writeFileSync(join(folder, 'client.ts'), await generateSource(join(folder, 'openapi.json')))
  writeFileSync(join(folder, 'program.ts'), program)
  const tsc = join(process.cwd(), 'node_modules/.bin/tsc')
  return promisify(execFile)(tsc, ['-p', folder, '--pretty', 'false']).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  )
}

for (const auth of ['keys', 'entra'] as const)
  test(`a program compiles strictly against the client that is generated (${auth})`, async () => {
    expect(await compiled(openApi(auth))).toBe('')
  })

test('a call without a required parameter does not compile', async () => {
  const program = "import { compareDrills } from './client.js'\nexport const all = compareDrills()\n"
  expect(await compiled(openApi('keys'), program)).toMatch(/program\.ts\(2,.*Expected 1-2 arguments/)
})

/** What an undescribed answer does to the program, shape by shape. */
for (const name of ['DrillProgress', 'ListedFigures', 'ComparedDrill'])
  test(`without the fields of ${name} the program does not compile`, async () => {
    const { components, ...rest } = openApi('keys') as { components: { schemas: Json } }
    const schemas = { ...components.schemas, [name]: { type: 'object' } }
    expect(Object.keys(components.schemas)).toContain(name)
    expect(await compiled({ ...rest, components: { ...components, schemas } })).toMatch(/program\.ts/)
  })

// ---- Every schema says something ------------------------------------------------------------------------------------------

const SAYS = ['$ref', 'type', 'enum', 'const', 'anyOf', 'oneOf', 'allOf']

/** Places of a schema that lets everything pass: without a type, an object without fields, a list of anything. */
function vague(schema: unknown, at: string): string[] {
  if (typeof schema !== 'object' || schema === null) return [`${at}: ${JSON.stringify(schema)}`]
  const own = schema as Json
  const [fields, others] = [own.properties as Json | undefined, own.additionalProperties]
  const isAnyObject = own.type === 'object' && fields === undefined && typeof others !== 'object'
  const isAnyList = own.type === 'array' && own.items === undefined && own.prefixItems === undefined
  const here = !SAYS.some((word) => word in own) || isAnyObject || isAnyList ? [at] : []
  const parts: Array<readonly [string, unknown]> = [
    ...Object.entries(fields ?? {}).map(([name, part]) => [`${at}.${name}`, part] as const),
    ...(['anyOf', 'oneOf', 'allOf', 'prefixItems'] as const).flatMap((word) =>
      ((own[word] as unknown[] | undefined) ?? []).map((part, i) => [`${at}.${word}[${i}]`, part] as const),
    ),
    ...(own.items === undefined ? [] : [[`${at}[]`, own.items] as const]),
    ...(typeof others === 'object' ? [[`${at}{}`, others] as const] : []),
  ]
  return [...here, ...parts.flatMap(([place, part]) => vague(part, place))]
}

/** Every schema in the document, wherever it stands. */
function schemasIn(node: unknown, at: string): Array<readonly [string, unknown]> {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([key, value]) =>
    key === 'schema'
      ? [[at, value] as const]
      : key === 'example' || key === 'examples'
        ? []
        : schemasIn(value, `${at}/${key}`),
  )
}

test('every schema has a type or fields', () => {
  const { components, ...rest } = openApi('keys') as { components: { schemas: Json } }
  const found = [...schemasIn(rest, ''), ...Object.entries(components.schemas)]
  expect(found.length).toBeGreaterThan(100)
  expect(found.flatMap(([at, schema]) => vague(schema, at))).toEqual([])
})

test.each([
  [{}],
  [{ type: 'object' }],
  [{ type: 'array' }],
  [{ type: 'object', properties: { a: {} } }],
  [{ items: {} }],
])('%j is found to say nothing', (schema) => {
  expect(vague(schema, 'x')).not.toEqual([])
})

test('the description says where the app is, its license, what each parameter in the path is, and how a call without a key ends', () => {
  const { servers, info, paths } = openApi('keys') as {
    servers: unknown[]
    info: Json
    paths: Record<string, Record<string, { parameters?: Json[]; responses: Json; requestBody?: Json }>>
  }
  expect(servers).toEqual([expect.objectContaining({ url: '/' })])
  expect(info.license).toEqual({ name: 'MIT', identifier: 'MIT' })
  for (const [path, operations] of Object.entries(paths))
    for (const { parameters = [], responses } of Object.values(operations)) {
      const inPath = parameters.filter(({ in: where }) => where === 'path')
      expect(inPath.map(({ name, required }) => [name, required])).toEqual(
        [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, true]),
      )
      expect(Object.keys(responses)).toContain('401')
    }
})
