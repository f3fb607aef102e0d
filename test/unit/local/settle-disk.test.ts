import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { settleDisk } from '../../../infra/local/stack/settle-disk.ts'

const { signal } = new AbortController()

test('the disk of a folder settles', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'settle-'))
  try {
    await expect(settleDisk(folder, signal)).resolves.toBeUndefined()
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('where nothing can be asked to settle the drill goes on as it is', () =>
  expect(settleDisk('/no/such/folder', signal)).resolves.toBeUndefined())

test('an interruption does not wait for the disk', () =>
  expect(settleDisk(tmpdir(), AbortSignal.abort())).resolves.toBeUndefined())
