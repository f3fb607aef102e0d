/** The data file of server parameters, against the memory of every SKU of the list, in bytes, which shows a wrong unit. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BEFORE } from '../../../functions/checklist/before.ts'
import { judgeRows } from '../../../functions/checklist/check.ts'
import { aDrillPlan, someFacts } from '../../support/builders.ts'
import { parametersOf } from '../../support/good-facts.ts'
import { TEMPLATES } from './snapshot.ts'

interface Sku {
  readonly tier: string
  readonly vCores: number
  readonly memoryGiB: number
}

interface Parameter {
  readonly name: string
  readonly value: string
  readonly why: string
  readonly isStatic: boolean
}

const read = (name: string) => JSON.parse(readFileSync(join(TEMPLATES, name), 'utf8')) as unknown
const skus = Object.entries(read('skus.json') as Record<string, Sku>).map(([name, sku]) => ({ name, ...sku }))
const parameters = read('database-parameters.json') as Parameter[]
const numberOf = (name: string) => Number(parameters.find((parameter) => parameter.name === name)?.value)

const KIB = 1024
const GIB = 1024 * 1024 * KIB

test('every parameter has a value as text, a reason, and says whether it needs a restart', () => {
  for (const { name, value, why, isStatic } of parameters) {
    expect(name).toMatch(/^[a-z_.]+$/)
    expect(typeof value).toBe('string')
    expect(why.length, name).toBeGreaterThan(20)
    expect(typeof isStatic).toBe('boolean')
  }
  expect(new Set(parameters.map(({ name }) => name)).size).toBe(parameters.length)
})

test('PgBouncer is enabled first: its other parameters do not exist before', () => {
  expect(parameters[0]).toMatchObject({ name: 'pgbouncer.enabled', value: 'true' })
})

// Azure's parameter reference (PostgreSQL 16, December 2025) and its page on PgBouncer (April 2026); the memory ones by its formulas.
test.each([
  'autovacuum',
  'require_secure_transport',
  'checkpoint_completion_target',
  'log_connections',
  'log_disconnections',
  'pgbouncer.max_client_conn',
  'pgbouncer.pool_mode',
  'pgbouncer.max_prepared_statements',
  'max_connections',
  'shared_buffers',
  'effective_cache_size',
  'wal_buffers',
  'max_wal_size',
])('%s keeps the default that Azure gives it, which costs no write', (name) => {
  expect(parameters.map((parameter) => parameter.name)).not.toContain(name)
})

test.each(skus)('$name needs at most three quarters of its memory', ({ memoryGiB, vCores }) => {
  const sharedBuffers = (memoryGiB / 4) * GIB
  const walBuffers = (vCores > 4 ? 128 : 16) * KIB * KIB
  const pool = numberOf('pgbouncer.default_pool_size') * numberOf('work_mem') * KIB
  const vacuum = numberOf('autovacuum_max_workers') * numberOf('autovacuum_work_mem') * KIB
  const used = sharedBuffers + walBuffers + numberOf('maintenance_work_mem') * KIB + pool + vacuum
  expect(used).toBeLessThan(0.75 * memoryGiB * GIB)
})

test('no value is beyond the range that Azure accepts', () => {
  const ranges: Readonly<Record<string, readonly [number, number]>> = {
    'pgbouncer.default_pool_size': [1, 4_950],
    'pgbouncer.min_pool_size': [0, numberOf('pgbouncer.default_pool_size')],
    work_mem: [4_096, 2_097_151],
    maintenance_work_mem: [1_024, 2_097_151],
    autovacuum_work_mem: [-1, 2_097_151],
    min_wal_size: [32, 65_536],
    autovacuum_vacuum_cost_limit: [-1, 10_000],
    effective_io_concurrency: [0, 1_000],
  }
  for (const [name, [min, max]] of Object.entries(ranges)) {
    expect(numberOf(name), name).toBeGreaterThanOrEqual(min)
    expect(numberOf(name), name).toBeLessThanOrEqual(max)
  }
})

test.each(skus)('$name belongs to the tier, and has the memory, of its series', (sku) => {
  const [, series, vCores] = /^Standard_([DE])(\d+)[a-z]*_v\d$/.exec(sku.name) ?? []
  const wanted = {
    tier: series === 'E' ? 'MemoryOptimized' : 'GeneralPurpose',
    vCores: Number(vCores),
    memoryGiB: Number(vCores) * (series === 'E' ? 8 : 4),
  }
  expect(sku).toMatchObject(wanted)
})

test('the checklist of a drill finds nothing wrong with them, beside the defaults of Azure', () => {
  const defaults = {
    max_connections: '3437',
    'pgbouncer.pool_mode': 'transaction',
    'pgbouncer.max_client_conn': '5000',
  }
  const values = { ...defaults, ...Object.fromEntries(parameters.map(({ name, value }) => [name, value])) }
  const facts = someFacts({ parameters: parametersOf(values) })
  const results = judgeRows(BEFORE, 'before', { plan: aDrillPlan(), facts }, [])
  const ofParameters = ['pgbouncer-enabled', 'pgbouncer-pool-mode', 'pgbouncer-clients', 'pgbouncer-pool-size']
  const judged = results.filter(({ id }) => [...ofParameters, 'max-connections'].includes(id))
  expect(judged.map(({ verdict }) => verdict)).toEqual(['pass', 'pass', 'pass', 'pass', 'pass'])
})
