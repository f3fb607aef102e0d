/** Compares with an accepted output; `UPDATE_GOLDEN=1` accepts what is there now, for review as a diff. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect } from 'vitest'

export function expectGolden(file: string, actual: string): void {
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, actual)
  }
  expect(actual, `${file} has changed; if that is right, run with UPDATE_GOLDEN=1`).toBe(readFileSync(file, 'utf8'))
}
