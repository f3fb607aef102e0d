/** An observer of an HTTP service that shares nothing with the project's own prober but the definition of an outage. */
import { request } from 'node:http'

export interface SeenOutage {
  readonly fromMs: number
  readonly toMs: number
}

interface Seen {
  readonly sentMs: number
  readonly answeredMs: number
  readonly isGood: boolean
}

const EVERY_MS = 20
const PATIENCE_MS = 2_000

function ask(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = request(url, { method: 'POST', agent: false, timeout: PATIENCE_MS }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode === 200))
      response.on('error', () => resolve(false))
    })
    sent.on('error', () => resolve(false))
    sent.on('timeout', () => sent.destroy())
    sent.end()
  })
}

/** A request every 20 ms, whether or not earlier ones were answered, until `stop`. */
export function observe(url: string): { stop(): Promise<readonly SeenOutage[]> } {
  const asked: Promise<Seen>[] = []
  const timer = setInterval(() => {
    const sentMs = Date.now()
    asked.push(ask(url).then((isGood) => ({ sentMs, answeredMs: Date.now(), isGood })))
  }, EVERY_MS)
  return {
    stop: async () => {
      clearInterval(timer)
      return outagesIn(await Promise.all(asked))
    },
  }
}

/** From the sending of the first request that failed to the first good answer to one that was sent after it. */
function outagesIn(seen: readonly Seen[]): SeenOutage[] {
  const outages: SeenOutage[] = []
  for (const { sentMs, isGood } of seen) {
    if (isGood || sentMs < (outages.at(-1)?.toMs ?? 0)) continue
    const good = seen.filter((one) => one.isGood && one.sentMs > sentMs).map(({ answeredMs }) => answeredMs)
    if (good.length > 0) outages.push({ fromMs: sentMs, toMs: Math.min(...good) })
  }
  return outages
}
