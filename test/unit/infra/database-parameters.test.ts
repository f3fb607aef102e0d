/** Memory parameters against the memory of every SKU of the list, in bytes, which shows a wrong unit. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { BEFORE } from '../../../functions/checklist/before.ts'
import { judgeRows } from '../../../functions/checklist/check.ts'
import { aDrillPlan, someFacts } from '../../support/builders.ts'
import { parametersOf } from '../../support/good-facts.ts'
import {
  bicep,
  COMPILE_TIMEOUT_MS,
  compiled,
  deployedFrom,
  lastName,
  ofType,
  type Resource,
  TEMPLATES,
  type Template,
} from './snapshot.ts'

interface Sku {
  readonly tier: string
  readonly vCores: number
  readonly memoryGiB: number
  readonly maxIops: number
}

const skus = JSON.parse(readFileSync(join(TEMPLATES, 'skus.json'), 'utf8')) as Record<string, Sku>
const SKU_ROWS = Object.entries(skus).map(([name, sku]) => ({ name, ...sku }))
const POOL_SIZE = 100
const DISKS_GIB = [32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 32767]

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
/** PostgreSQL's own units; pg_settings shows the same. */
const UNIT_BYTES = {
  shared_buffers: 8 * KIB,
  effective_cache_size: 8 * KIB,
  wal_buffers: 8 * KIB,
  work_mem: KIB,
  maintenance_work_mem: KIB,
  autovacuum_work_mem: KIB,
  max_wal_size: MIB,
  min_wal_size: MIB,
} as const

let resources: Resource[]
let template: Template

const valuesOf = (server: string): Map<string, string> =>
  new Map(
    ofType(resources, 'Microsoft.DBforPostgreSQL/flexibleServers/configurations')
      .filter(({ name }) => name.startsWith(`${server}/`))
      .map(({ name, properties }) => [lastName(name), String(properties.value)]),
  )

const bytesOf = (server: string) =>
  Object.fromEntries(
    Object.entries(UNIT_BYTES).map(([name, unit]) => [name, Number(valuesOf(server).get(name)) * unit]),
  ) as Record<keyof typeof UNIT_BYTES, number>

const numberOf = (server: string, name: string) => Number(valuesOf(server).get(name))

describe.skipIf(bicep.kind === 'missing')('parameters', () => {
  beforeAll(async () => {
    template = await compiled('database-parameters.bicep')
    resources = await deployedFrom(
      (module) => `
module perSku ${module('database-parameters.bicep')} = [for sku in items(loadJsonContent(${module('skus.json')})): {
  name: sku.key
  params: { serverName: sku.key, memoryGiB: sku.value.memoryGiB, vCores: sku.value.vCores, storageGiB: 128, poolSize: ${POOL_SIZE} }
}]
module perDisk ${module('database-parameters.bicep')} = [for disk in [${DISKS_GIB.join(', ')}]: {
  name: 'disk-\${disk}'
  params: { serverName: 'disk-\${disk}', memoryGiB: 32, vCores: 4, storageGiB: disk, poolSize: ${POOL_SIZE} }
}]
`,
    )
  }, COMPILE_TIMEOUT_MS)

  test.each(SKU_ROWS)(
    '$name ($memoryGiB GiB, $vCores vCores) gets shares of its own memory',
    ({ name, memoryGiB, vCores }) => {
      expect(bytesOf(name)).toEqual({
        shared_buffers: (memoryGiB / 4) * GIB,
        effective_cache_size: ((memoryGiB * 3) / 4) * GIB,
        wal_buffers: vCores > 4 ? 128 * MIB : 16 * MIB,
        work_mem: Math.min(16 * MIB, (memoryGiB * MIB) / 2),
        maintenance_work_mem: Math.min(2 * GIB - KIB, (memoryGiB / 16) * GIB),
        autovacuum_work_mem: Math.min(GIB, (memoryGiB / 64) * GIB),
        max_wal_size: 12 * GIB,
        min_wal_size: GIB,
      })
    },
  )

  test.each(SKU_ROWS)('$name needs at most three quarters of its memory', ({ name, memoryGiB }) => {
    const bytes = bytesOf(name)
    const pool = numberOf(name, 'pgbouncer.default_pool_size') * bytes.work_mem
    const vacuum = numberOf(name, 'autovacuum_max_workers') * bytes.autovacuum_work_mem
    const used = bytes.shared_buffers + bytes.wal_buffers + bytes.maintenance_work_mem + pool + vacuum
    expect(used).toBeLessThan(0.75 * memoryGiB * GIB)
  })

  // Azure's own table of defaults, by memory.
  test.each([
    ['Standard_D4ds_v5', 1718],
    ['Standard_E4ds_v5', 3437],
    ['Standard_D8ds_v5', 3437],
    ['Standard_E8ds_v5', 5000],
    ['Standard_E32ds_v5', 5000],
  ])('%s keeps the %i connections that Azure gives it', (name, connections) => {
    expect(numberOf(name, 'max_connections')).toBe(connections)
  })

  test('every server that the checklist accepts has its minimum of 2000 connections', () => {
    const accepted = SKU_ROWS.filter(({ vCores, memoryGiB }) => vCores >= 4 && memoryGiB >= 32)
    expect(accepted.filter(({ name }) => numberOf(name, 'max_connections') < 2000)).toEqual([])
  })

  // Azure's own table of defaults, by disk.
  test.each([
    [32, 2048],
    [64, 4096],
    [128, 12288],
    [256, 20480],
    [512, 25600],
    [1024, 30720],
    [2048, 40960],
    [4096, 40960],
    [8192, 65536],
    [32767, 65536],
  ])('a disk of %i GiB lets WAL grow to %i MiB', (disk, wal) => {
    expect(numberOf(`disk-${disk}`, 'max_wal_size')).toBe(wal)
    expect(numberOf(`disk-${disk}`, 'min_wal_size')).toBe(Math.min(1024, wal / 2))
  })

  test('the checklist of a drill finds nothing wrong with them', () => {
    const values = Object.fromEntries(valuesOf('Standard_E4ds_v5'))
    const facts = someFacts({ parameters: parametersOf(values) })
    const results = judgeRows(BEFORE, 'before', { plan: aDrillPlan(), facts }, [])
    const ofParameters = ['pgbouncer-enabled', 'pgbouncer-pool-mode', 'pgbouncer-clients', 'pgbouncer-pool-size']
    const judged = results.filter(({ id }) => [...ofParameters, 'max-connections'].includes(id))
    expect(judged.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'pass', 'pass', 'pass'])
  })

  test('they are applied one after the other', () => {
    expect(Object.values(template.resources).flatMap(({ copy }) => copy ?? [])).toMatchObject([
      { mode: 'serial', batchSize: 1 },
    ])
  })
})

test.each(SKU_ROWS)('$name belongs to the tier, and has the memory, of its series', (sku) => {
  const [, series, vCores] = /^Standard_([DE])(\d+)ds_v\d$/.exec(sku.name) ?? []
  const wanted = {
    tier: series === 'E' ? 'MemoryOptimized' : 'GeneralPurpose',
    vCores: Number(vCores),
    memoryGiB: Number(vCores) * (series === 'E' ? 8 : 4),
  }
  expect(sku).toMatchObject(wanted)
})
