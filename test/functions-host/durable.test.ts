/** Orchestrations in a whole host, started and read by durable-functions' own client inside the app. */
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { aHost, durable, type HostInTest } from './support.ts'

interface Status {
  readonly runtimeStatus: string
  readonly output: unknown
}

const reaches = (host: HostInTest, id: string, wanted: string) =>
  eventually(`${id} is ${wanted}`, 20_000, async () => {
    const status = (await durable(host.url, 'getStatus', id)).result as Status | undefined
    return status?.runtimeStatus === wanted && status
  })

test('a started orchestration runs, and the client reads its status', async () => {
  const host = await aHost()
  expect(await durable(host.url, 'startNew', 'greet', { instanceId: 'g', input: 'bob' })).toEqual({ result: 'g' })
  expect(await reaches(host, 'g', 'Completed')).toEqual({
    name: 'greet',
    instanceId: 'g',
    createdTime: expect.stringMatching(/^\d{4}-.*T.*:\d{2}\.000Z$/),
    lastUpdatedTime: expect.any(String),
    input: 'bob',
    output: 'hello bob',
    runtimeStatus: 'Completed',
    customStatus: null,
  })
})

test('an id of 256 characters and an input of 400 KB arrive unchanged', async () => {
  const host = await aHost()
  const [instanceId, input] = [`a b%${'x'.repeat(252)}`, 'ü'.repeat(200_000)]
  await durable(host.url, 'startNew', 'greet', { instanceId: encodeURIComponent(instanceId), input })
  expect(await reaches(host, encodeURIComponent(instanceId), 'Completed')).toMatchObject({
    instanceId,
    output: `hello ${input}`,
  })
})

test('of two starts at once under one id, one is taken and one refused', async () => {
  const host = await aHost()
  const answers = await Promise.all([1, 2].map(() => durable(host.url, 'startNew', 'waits', { instanceId: 'w' })))
  expect(answers.map(({ error }) => error === undefined).sort()).toEqual([false, true])
})

test.each(['Completed', 'Failed', 'Terminated'])(
  'the id of an instance that is %s can be used again',
  async (state) => {
    const host = await aHost()
    await durable(host.url, 'startNew', state === 'Failed' ? 'breaks' : 'waits', { instanceId: 'i' })
    if (state === 'Completed') await durable(host.url, 'raiseEvent', 'i', 'go', 1)
    if (state === 'Terminated') await durable(host.url, 'terminate', 'i', 'enough')
    await reaches(host, 'i', state)
    expect(await durable(host.url, 'startNew', 'greet', { instanceId: 'i', input: 'x' })).toEqual({ result: 'i' })
    expect(await reaches(host, 'i', 'Completed')).toMatchObject({ name: 'greet', output: 'hello x' })
  },
)

test('an orchestrator that is not deterministic fails', async () => {
  const host = await aHost()
  await durable(host.url, 'startNew', 'moody', { instanceId: 'm' })
  expect((await reaches(host, 'm', 'Failed')).output).toContain('Non-Deterministic workflow detected')
})
