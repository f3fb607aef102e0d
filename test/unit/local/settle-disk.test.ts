import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { settleDisk } from '../../../infra/local/process/stack-folder.ts'
import { eventually } from '../../support/eventually.ts'
import { aFolder } from '../../support/folder.ts'

/** A program `sync` in front of the system's. It records its arguments, runs the script, and records its end. */
function stubSync(script: string) {
  const folder = aFolder()
  const [asked, ended] = [join(folder, 'asked'), join(folder, 'ended')]
  writeFileSync(join(folder, 'sync'), `#!/bin/sh\necho "$@" > ${asked}\n${script}\ntouch ${ended}\n`, { mode: 0o755 })
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`)
  onTestFinished(() => void vi.unstubAllEnvs())
  return { asked: () => (existsSync(asked) ? readFileSync(asked, 'utf8') : null), hasEnded: () => existsSync(ended) }
}

const { signal } = new AbortController()

test('settling waits until sync has written the file system of the folder', async () => {
  const sync = stubSync('sleep 0.2')
  await settleDisk('/some/folder', signal)
  expect({ asked: sync.asked(), hasEnded: sync.hasEnded() }).toEqual({ asked: '-f /some/folder\n', hasEnded: true })
})

test('a sync that fails is no error', async () => {
  const sync = stubSync('exit 1')
  await settleDisk('/some/folder', signal)
  expect({ asked: sync.asked(), hasEnded: sync.hasEnded() }).toEqual({ asked: '-f /some/folder\n', hasEnded: false })
})

test('an interruption ends the wait for the disk', async () => {
  const sync = stubSync('exec sleep 600')
  const interruption = new AbortController()
  const settled = settleDisk('/some/folder', interruption.signal)
  await eventually('sync runs', 10_000, sync.asked)
  interruption.abort()
  await settled
  expect(sync.hasEnded()).toBe(false)
})
