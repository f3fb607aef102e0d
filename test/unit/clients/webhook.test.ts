import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { createWebhook } from '../../../functions/clients/webhook.ts'
import { Secret } from '../../../functions/config/secret.ts'
import { listening } from '../../support/ports.ts'

const NOW = new Date('2026-01-02T03:04:05.678Z')
const clock = { now: () => NOW, sleep: async () => {} }

interface Received {
  readonly method: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

async function aListener(status: number, headers: Record<string, string> = {}) {
  const received: Received[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => {
      body += part.toString()
    })
    request.on('end', () => {
      received.push({ method: request.method, headers: request.headers, body })
      response.writeHead(status, headers).end('thanks')
    })
  })
  const port = await listening(server)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { received, webhook: webhookOf(`http://127.0.0.1:${port}/secret-path`) }
}

const webhookOf = (url: string) => createWebhook({ url, secret: new Secret('MARKED-KEY'), appUrl: null }, clock)

test('the message is signed together with its time', async () => {
  const { received, webhook } = await aListener(204)
  await webhook.send({ verdict: 'PASS' })
  const [message] = received
  const timestamp = String(Math.floor(NOW.getTime() / 1000))
  expect(message).toMatchObject({
    method: 'POST',
    body: '{"verdict":"PASS"}',
    headers: { 'content-type': 'application/json', 'x-drill-timestamp': timestamp },
  })
  const expected = createHmac('sha256', 'MARKED-KEY').update(`${timestamp}.{"verdict":"PASS"}`).digest('hex')
  expect(message?.headers['x-drill-signature']).toBe(`sha256=${expected}`)
})

test.each([400, 404, 500])(
  'an answer of %d is an error that names the host and keeps the path to itself',
  async (status) => {
    const { webhook } = await aListener(status)
    const failure = await webhook.send({}).catch((error: unknown) => String(error))
    expect(failure).toMatch(
      new RegExp(`^Error: the notification webhook 127\\.0\\.0\\.1:\\d+ answered ${status}, not 2xx$`),
    )
  },
)

test('a redirect is not followed: the signature is for one receiver', async () => {
  const other = await aListener(200)
  const { webhook } = await aListener(307, { location: 'http://127.0.0.1:9/' })
  await expect(webhook.send({})).rejects.toThrow(/did not answer; check NOTIFY_WEBHOOK_URL/)
  expect(other.received).toEqual([])
})

test('a listener that is not there is an error with its cause, and without the key', async () => {
  const failure = await webhookOf('http://127.0.0.1:9/secret-path')
    .send({})
    .catch((error: unknown) => error)
  expect(failure).toMatchObject({ message: expect.stringContaining('did not answer'), cause: expect.any(Error) })
  expect(String(failure)).not.toMatch(/MARKED|secret-path/)
})

// ---- The receiver that the guide shows ----------------------------------------------------------------------------------

type Verify = (headers: IncomingHttpHeaders, body: string) => { readonly id: string }

/** The program in docs/webhook.md, as it stands there. */
async function receiver(nowMs: number): Promise<Verify> {
  const [, program = ''] = /```js\n(.*?)```/s.exec(readFileSync('docs/webhook.md', 'utf8')) ?? []
  const { receiver: made } = await import(
    `data:text/javascript,${encodeURIComponent(program)}#${nowMs}-${Math.random()}`
  )
  return made('MARKED-KEY', () => nowMs)
}

async function aMessage(): Promise<Received> {
  const { received, webhook } = await aListener(204)
  await webhook.send({ id: 'drill-1.ended', text: 'PASS' })
  return received[0] as Received
}

test('the receiver of the guide takes a message, and not a second time', async () => {
  const { headers, body } = await aMessage()
  const verify = await receiver(NOW.getTime() + 1_000)
  expect(verify(headers, body)).toMatchObject({ id: 'drill-1.ended' })
  expect(() => verify(headers, body)).toThrow('known')
})

test.each([
  ['another body', { body: '{"id":"drill-1.ended","text":"FAIL"}' }, 0, 'signature'],
  ['another time', { headers: { 'x-drill-timestamp': '1767323046' } }, 0, 'signature'],
  ['no signature', { headers: { 'x-drill-signature': '' } }, 0, 'signature'],
  ['an old message', {}, 301_000, 'old'],
  ['a message of the future', {}, -302_000, 'old'],
] as const)('the receiver of the guide refuses %s', async (_, changed: Partial<Received>, laterMs, why) => {
  const message = await aMessage()
  const verify = await receiver(NOW.getTime() + laterMs)
  expect(() => verify({ ...message.headers, ...changed.headers }, changed.body ?? message.body)).toThrow(why)
})

test('without a listener nothing is sent', async () => {
  const webhook = createWebhook(null, clock)
  expect(webhook.isConfigured).toBe(false)
  await webhook.send({})
})
