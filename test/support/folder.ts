/** A folder of one test, removed with it. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** Open to the user of PostgreSQL, which may be another. */
export function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'drill-test-'))
  chmodSync(folder, 0o755)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
