/**
 * Sends the end of a drill to an outside listener. The receiver verifies `X-Drill-Signature`: `sha256=` and the
 * HMAC-SHA256, in hex, of `<X-Drill-Timestamp>.<body>` under the shared key; the timestamp (Unix seconds) prevents
 * the replay of an old message, and the id in the body that of a new one.
 */
import { createHmac } from 'node:crypto'
import type { Config } from '../config/config.ts'
import type { Clock, Webhook } from './clients.ts'

const ANSWER_WITHIN_MS = 10_000

const signatureOf = (key: string, timestamp: string, body: string): string =>
  `sha256=${createHmac('sha256', key).update(`${timestamp}.${body}`).digest('hex')}`

export function createWebhook(settings: Config['webhook'], clock: Clock): Webhook {
  if (settings === null) return { isConfigured: false, appUrl: null, send: async () => {} }
  return { isConfigured: true, appUrl: settings.appUrl, send: (body) => post(settings, clock, JSON.stringify(body)) }
}

async function post({ url, secret }: NonNullable<Config['webhook']>, clock: Clock, body: string): Promise<void> {
  const timestamp = String(Math.floor(clock.now().getTime() / 1000))
  const answer = await fetch(url, {
    method: 'POST',
    // A redirect would send the signed message to another host.
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    headers: {
      'content-type': 'application/json',
      'x-drill-timestamp': timestamp,
      'x-drill-signature': signatureOf(secret.reveal(), timestamp, body),
    },
    body,
  }).catch((cause: unknown) => {
    throw new Error(`the notification webhook ${hostOf(url)} did not answer; check NOTIFY_WEBHOOK_URL`, { cause })
  })
  await answer.body?.cancel()
  if (!answer.ok) throw new Error(`the notification webhook ${hostOf(url)} answered ${answer.status}, not 2xx`)
}

/** Without the path, which is often the secret of a webhook. */
const hostOf = (url: string): string => new URL(url).host
