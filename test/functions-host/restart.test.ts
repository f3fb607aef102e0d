/** A host that is killed at any instant and started again with the same folder resumes every instance. */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { newInstance } from '../../infra/local/functions-host/engine/instance.ts'
import { eventRaised } from '../../infra/local/functions-host/engine/messages.ts'
import { DiskJournal } from '../../infra/local/functions-host/state/disk-journal.ts'
import { eventually } from '../support/eventually.ts'
import { aFolder, aHost, aHostProcess, durable, notesOf } from './support.ts'

interface Status {
  readonly runtimeStatus: string
  readonly output: unknown
}
const ended = async (url: string, id: string) => {
  const now = (await durable(url, 'getStatus', id)).result as Status | undefined
  return now !== undefined && now.runtimeStatus !== 'Running' && now.runtimeStatus !== 'Pending' ? now : null
}

test('an orchestration survives a host that is killed four times', { timeout: 60_000 }, async () => {
  const folder = aFolder()
  const env = { SMALL_APP_NOTES: join(folder, 'notes') }
  let host = await aHostProcess(join(folder, 'state'), env)
  await durable(host.url, 'startNew', 'parent', { instanceId: 'p', input: { count: 6, ms: 120 } })
  await durable(host.url, 'startNew', 'waits', { instanceId: 'w' })
  await durable(host.url, 'raiseEvent', 'w', 'go', 'kept')
  for (const afterMs of [40, 170, 300, 430]) {
    // These waits spread the kills over activities, timers and turns.
    await sleep(afterMs)
    await host.kill('SIGKILL')
    host = await aHostProcess(join(folder, 'state'), env)
  }
  const parent = await eventually('the parent ends', 20_000, () => ended(host.url, 'p'))
  expect(parent).toMatchObject({ runtimeStatus: 'Completed', output: [1, 2, 3, 4, 5, 6] })
  expect(await ended(host.url, 'w')).toMatchObject({ runtimeStatus: 'Completed', output: 'kept' })
  // No finished step runs again: once a step has begun, no earlier step begins.
  const begun = notesOf(env.SMALL_APP_NOTES).filter((line) => line.startsWith('begin'))
  expect(begun).toEqual([...begun].sort())
  expect(new Set(begun).size).toBe(6)
})

test('a timer that was due while no host ran fires late', { timeout: 60_000 }, async () => {
  const folder = aFolder()
  const first = await aHostProcess(join(folder, 'state'))
  await durable(first.url, 'startNew', 'steps', { instanceId: 's', input: { count: 1, ms: 500 } })
  await eventually('the timer is set', 5_000, () =>
    readFileSync(join(folder, 'state/instances/s.jsonl'), 'utf8').includes('FireAt'),
  )
  await first.kill('SIGKILL')
  // Until the timer is due.
  await sleep(600)
  const second = await aHostProcess(join(folder, 'state'))
  const end = await eventually('the orchestration ends', 10_000, () => ended(second.url, 's'))
  expect(end).toMatchObject({ runtimeStatus: 'Completed', output: [1] })
})

test('SIGTERM stops the host cleanly', { timeout: 20_000 }, async () => {
  const host = await aHostProcess(join(aFolder(), 'state'))
  expect(await host.kill('SIGTERM')).toBe(0)
})

test('a taken port is named', async () => {
  const { port } = await aHost()
  await expect(aHost({ port })).rejects.toThrow(`port ${port} on 127.0.0.1 is taken`)
})

const AT = '2026-01-01T00:00:00.000Z'
const aStart = (instanceId: string) => ({
  instanceId,
  executionId: 'e',
  name: 'waits',
  input: '1',
  parent: null,
})

test('the journal loads the records that were written, under any instance id', () => {
  const journal = new DiskJournal(join(aFolder(), 'instances'))
  const ids = ['plain', 'with:colon and/slash', '..', 'ü*', 'x'.repeat(256)]
  for (const id of ids) {
    journal.rewrite(id, { kind: 'started', start: aStart(id), at: AT })
    journal.append(id, { kind: 'message', message: eventRaised('go', '"data"') })
  }
  const wanted = ids.map((id) => {
    const instance = newInstance(aStart(id), AT)
    return { ...instance, inbox: [...instance.inbox, eventRaised('go', '"data"')] }
  })
  const byId = (a: { instanceId: string }, b: { instanceId: string }) => (a.instanceId < b.instanceId ? -1 : 1)
  expect([...journal.load()].sort(byId)).toEqual([...wanted].sort(byId))
})

test('a record that a crash cut short does not count, and the next record starts a new line', () => {
  const folder = join(aFolder(), 'instances')
  const journal = new DiskJournal(folder)
  journal.rewrite('i', { kind: 'started', start: aStart('i'), at: AT })
  appendFileSync(join(folder, 'i.jsonl'), '{"kind":"message","mess')
  expect([...journal.load()]).toEqual([newInstance(aStart('i'), AT)])
  journal.append('i', { kind: 'message', message: eventRaised('go', null) })
  expect([...new DiskJournal(folder).load()].map((instance) => instance.inbox.length)).toEqual([2])
})

test('a damaged record is an error that names its line', () => {
  const folder = join(aFolder(), 'instances')
  mkdirSync(folder)
  writeFileSync(join(folder, 'i.jsonl'), 'nonsense\n')
  expect(() => [...new DiskJournal(folder).load()]).toThrow(/line 1 of .*i\.jsonl is damaged/)
})

test('a new generation removes the old one from the disk', () => {
  const folder = join(aFolder(), 'instances')
  const journal = new DiskJournal(folder)
  journal.rewrite('i', { kind: 'started', start: aStart('i'), at: AT })
  for (let n = 0; n < 50; n += 1) journal.append('i', { kind: 'message', message: eventRaised('go', String(n)) })
  journal.rewrite('i', { kind: 'snapshot', instance: newInstance(aStart('i'), AT) })
  expect(readdirSync(folder)).toEqual(['i.jsonl'])
  expect(readFileSync(join(folder, 'i.jsonl'), 'utf8').split('\n')).toHaveLength(2)
})
