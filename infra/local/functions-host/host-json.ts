/** What the host reads of an app's host.json, with the defaults of Azure's consumption plans. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface HostJson {
  readonly routePrefix: string
  readonly hubName: string
  readonly maxConcurrentActivities: number
  readonly functionTimeoutMs: number
}

interface RawHostJson {
  readonly version?: string
  readonly functionTimeout?: string
  readonly extensions?: {
    readonly http?: { readonly routePrefix?: string }
    readonly durableTask?: { readonly hubName?: string; readonly maxConcurrentActivityFunctions?: number }
  }
}

export async function readHostJson(root: string): Promise<HostJson> {
  const path = join(root, 'host.json')
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Error(`${path} cannot be read; every function app has one at its root`, { cause })
  })
  try {
    return parseHostJson(JSON.parse(text))
  } catch (cause) {
    throw new Error(`${path} is not a host.json that this host can use: ${(cause as Error).message}`, { cause })
  }
}

export function parseHostJson(raw: RawHostJson): HostJson {
  if (raw.version !== '2.0') throw new Error(`"version" must be "2.0", not ${JSON.stringify(raw.version)}`)
  const hubName = raw.extensions?.durableTask?.hubName ?? 'TestHubName'
  if (!/^[A-Za-z][A-Za-z0-9]{2,44}$/.test(hubName))
    throw new Error(`hubName ${JSON.stringify(hubName)} must be 3 to 45 letters and digits and start with a letter`)
  return {
    routePrefix: (raw.extensions?.http?.routePrefix ?? 'api').replace(/^\/+|\/+$/g, ''),
    hubName,
    maxConcurrentActivities: raw.extensions?.durableTask?.maxConcurrentActivityFunctions ?? 10,
    functionTimeoutMs: timeSpanMs(raw.functionTimeout ?? '00:30:00'),
  }
}

/** `hh:mm:ss`, or -1 for no limit. */
function timeSpanMs(text: string): number {
  if (text === '-1') return Number.POSITIVE_INFINITY
  const parts = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})$/.exec(text)
  if (parts === null) throw new Error(`functionTimeout ${JSON.stringify(text)} must be a time span such as "00:10:00"`)
  const [days, hours, minutes, seconds] = parts.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
  ]
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
}
