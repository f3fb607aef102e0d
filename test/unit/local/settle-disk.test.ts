import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { settleDisk } from '../../../infra/local/stack/settle-disk.ts'
import { eventually } from '../../support/eventually.ts'

/** A program `sync` in front of the system's. It notes what it is asked for, runs the script, and notes its end. */
function stubSync(script: string) {
  const folder = mkdtempSync(join(tmpdir(), 'settle-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [asked, ended] = [join(folder, 'asked'), join(folder, 'ended')]
  writeFileSync(join(folder, 'sync'), `#!/bin/sh\necho "$@" > ${asked}\n${script}\ntouch ${ended}\n`, { mode: 0o755 })
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`)
  onTestFinished(() => void vi.unstubAllEnvs())
  return { asked: () => (existsSync(asked) ? readFileSync(asked, 'utf8') : null), hasEnded: () => existsSync(ended) }
}

const { signal } = new AbortController()

test('the file system of the folder is asked to settle, and the drill waits until it has', async () => {
  const sync = stubSync('sleep 0.2')
  await settleDisk('/some/folder', signal)
  expect({ asked: sync.asked(), hasEnded: sync.hasEnded() }).toEqual({ asked: '-f /some/folder\n', hasEnded: true })
})

test('where nothing can be asked to settle the drill goes on as it is', async () => {
  const sync = stubSync('exit 1')
  await settleDisk('/some/folder', signal)
  expect({ asked: sync.asked(), hasEnded: sync.hasEnded() }).toEqual({ asked: '-f /some/folder\n', hasEnded: false })
})

test('an interruption does not wait for the disk', async () => {
  const sync = stubSync('exec sleep 600')
  const interruption = new AbortController()
  const settled = settleDisk('/some/folder', interruption.signal)
  await eventually('it is asked', 10_000, sync.asked)
  interruption.abort()
  await settled
  expect(sync.hasEnded()).toBe(false)
})
