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
