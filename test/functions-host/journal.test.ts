/** The records of the orchestrations on disk, as a host that was killed finds them. */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newInstance } from '../../infra/local/functions-host/engine/instance.ts'
import { eventRaised } from '../../infra/local/functions-host/engine/messages.ts'
import { DiskJournal } from '../../infra/local/functions-host/state/disk-journal.ts'
import { aFolder } from '../support/folder.ts'

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
    journal.rewrite(id, { kind: 'snapshot', instance: newInstance(aStart(id), AT) })
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
  journal.rewrite('i', { kind: 'snapshot', instance: newInstance(aStart('i'), AT) })
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
  journal.rewrite('i', { kind: 'snapshot', instance: newInstance(aStart('i'), AT) })
  for (let n = 0; n < 50; n += 1) journal.append('i', { kind: 'message', message: eventRaised('go', String(n)) })
  journal.rewrite('i', { kind: 'snapshot', instance: newInstance(aStart('i'), AT) })
  expect(readdirSync(folder)).toEqual(['i.jsonl'])
  expect(readFileSync(join(folder, 'i.jsonl'), 'utf8').split('\n')).toHaveLength(2)
})
