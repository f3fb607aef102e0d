/** In a file of its own: what the library is set up to do holds for the whole process. */
import { expect, test } from 'vitest'
import { aHost, anApp } from './support.ts'

test('streamed requests and answers go through the library when the app asks for it', { timeout: 20_000 }, async () => {
  const entry = anApp(`
    app.setup({ enableHttpStream: true })
    const upper = async (request) => ({ headers: { 'x-id': request.params.id }, body: (await request.text()).toUpperCase() })
    app.http('upper', { methods: ['POST'], route: 'upper/{id}', handler: upper })
    app.http('fails', { methods: ['GET'], handler: () => { throw new Error('boom') } })
  `)
  const { url } = await aHost({ app: entry })
  const response = await fetch(`${url}/api/upper/7`, { method: 'POST', body: 'quiet' })
  expect([response.status, response.headers.get('x-id'), await response.text()]).toEqual([200, '7', 'QUIET'])
  expect((await fetch(`${url}/api/fails`)).status).toBe(500)
})
