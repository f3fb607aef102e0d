/** The part of an app's host.json that the host reads, with the defaults of Azure's consumption plans. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const text = z.object({
  version: z.literal('2.0'),
  functionTimeout: z
    .string()
    .regex(/^\d{2}:\d{2}:\d{2}$/, 'must be a time span such as "00:10:00"')
    .default('00:30:00'),
  extensions: z
    .object({
      http: z.object({ routePrefix: z.string().default('api') }).prefault({}),
      durableTask: z
        .object({
          hubName: z.string().default('TestHubName'),
          maxConcurrentActivityFunctions: z.int().positive().default(10),
        })
        .prefault({}),
    })
    .prefault({}),
})

export interface HostJson {
  readonly routePrefix: string
  readonly hubName: string
  readonly maxConcurrentActivities: number
  readonly functionTimeoutMs: number
}

export async function readHostJson(root: string): Promise<HostJson> {
  const path = join(root, 'host.json')
  const read = text.safeParse(JSON.parse(await readFile(path, 'utf8')))
  if (!read.success)
    throw new Error(`${path} is not a host.json that this host can use: ${z.prettifyError(read.error)}`)
  const { functionTimeout, extensions } = read.data
  const [hours, minutes, seconds] = functionTimeout.split(':').map(Number) as [number, number, number]
  return {
    routePrefix: extensions.http.routePrefix,
    hubName: withSettings(extensions.durableTask.hubName, path),
    maxConcurrentActivities: extensions.durableTask.maxConcurrentActivityFunctions,
    functionTimeoutMs: ((hours * 60 + minutes) * 60 + seconds) * 1000,
  }
}

/** `%NAME%` stands for the app setting of that name, as in Azure's host. */
function withSettings(value: string, path: string): string {
  return value.replace(/%(\w+)%/g, (_, name: string) => {
    const setting = process.env[name]
    if (setting) return setting
    throw new Error(`${path} names the app setting ${name}, which is not set`)
  })
}
