/** The SKU catalogue, from which template, release tool and alerts take tier and memory. */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import skus from '../../../infra/azure/skus.json' with { type: 'json' }

const ROOT = resolve(import.meta.dirname, '../../..')
const ROWS = Object.entries(skus).map(([name, sku]) => ({ name, ...sku }))
/** Azure's own table (concepts-compute): 4 GiB per vCore for D, 8 for E; larger E sizes have less, and are left out. */
const GIB_PER_VCORE: Readonly<Record<string, number>> = { D: 4, E: 8 }
const PATTERN = /^Standard_([DE])(\d+)(a?ds_v\d)$/

describe('a row', () => {
  test.each(ROWS)('$name has the tier, the vCores and the memory of its series', ({ name, ...row }) => {
    const [, series = '', vCores] = PATTERN.exec(name) ?? []
    expect(row).toEqual({
      tier: series === 'E' ? 'MemoryOptimized' : 'GeneralPurpose',
      vCores: Number(vCores),
      memoryGiB: Number(vCores) * (GIB_PER_VCORE[series] ?? 0),
    })
  })
})

test('every generation has a server that the checklist accepts, so that each region has one', () => {
  const generations = (rows: typeof ROWS) => [...new Set(rows.map(({ name }) => PATTERN.exec(name)?.[3]))].sort()
  const accepted = ROWS.filter(({ vCores, memoryGiB }) => vCores >= 4 && memoryGiB >= 32)
  expect(generations(accepted)).toEqual(['ads_v5', 'ds_v4', 'ds_v5', 'ds_v6'])
})

test('the default of the template is a row', () => {
  const template = readFileSync(join(ROOT, 'infra/azure/main.bicep'), 'utf8')
  const [, sku = ''] = /^param serverSku string = '(\w+)'$/m.exec(template) ?? []
  expect(skus).toHaveProperty([sku])
  expect(template).toContain("loadJsonContent('skus.json')")
})
