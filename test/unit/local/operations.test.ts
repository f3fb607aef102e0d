import { expect, test } from 'vitest'
import { Operations } from '../../../infra/local/azure/arm/operations.ts'

test('an operation that fails names what failed, and its cause: the report repeats it', async () => {
  const operations = new Operations()
  const cause = new Error('no connection in time')
  const { id } = operations.start(
    Promise.reject(new Error('the forced failover of the local server failed', { cause })),
  )
  await Promise.resolve()
  expect(operations.get(id)).toMatchObject({
    status: 'Failed',
    error: {
      code: 'InternalServerError',
      message: expect.stringMatching(/^the forced failover of the local server failed.*no connection in time$/),
    },
  })
})
