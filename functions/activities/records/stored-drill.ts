/** What every activity begins with: the drill's plan, written once by whoever started it, and the wish to abort. */
import { createHash } from 'node:crypto'
import { blobNames, type GoSignal } from '../../../loadgen-image/contract/glossary.ts'
import { withoutSecrets } from '../../../loadgen-image/contract/redact.ts'
import type { Blobs } from '../../clients/clients.ts'
import { drillBlobs } from '../../model/blob-paths.ts'
import type { DrillPlan, StoredRequest } from '../../model/plan.ts'

/** The input of nearly every activity: small, and without secrets. */
export interface DrillRef {
  readonly drillId: string
}

export async function readPlan(blobs: Blobs, drillId: string): Promise<DrillPlan> {
  const request = await blobs.readJson<StoredRequest>(blobNames.request(drillId))
  if (request === null) throw new Error(`reading the request of drill ${drillId} failed: there is no such drill`)
  return request.plan
}

export interface AbortRequest {
  readonly reason: string
  readonly at: string
}

export const readAbort = async (blobs: Blobs, drillId: string): Promise<string | null> =>
  (await blobs.readJson<AbortRequest>(drillBlobs.abort(drillId)))?.reason ?? null

export const loadStartAtMs = async (blobs: Pick<Blobs, 'readJson'>, drillId: string): Promise<number | null> =>
  (await blobs.readJson<GoSignal>(blobNames.go(drillId)))?.startAtMs ?? null

/** What SDKs and servers say goes into records and reports: without secrets. */
export const describeError = (error: unknown): string => withoutSecrets(wordsWithCauses(error))

function wordsWithCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message} (${wordsWithCauses(error.cause)})`
}

/** The value, or null and a line in `gaps`: one source that does not answer must not hide the others. */
export async function seen<T>(what: string, gaps: string[], look: () => Promise<T>): Promise<T | null> {
  try {
    return await look()
  } catch (error) {
    gaps.push(`${what}: ${describeError(error)}`)
    return null
  }
}

/** At most `width` at a time: 64 container groups need not be 64 requests in one instant. */
export async function inTurns<T, R>(items: readonly T[], width: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let from = 0; from < items.length; from += width)
    results.push(...(await Promise.all(items.slice(from, from + width).map(work))))
  return results
}

/** Lower case letters, digits and hyphens, at most 63: a name that had to be changed carries a hash of the id instead. */
export function groupName(drillId: string, container: number): string {
  const plain = drillId.toLowerCase().replaceAll('_', '-').replace(/-+$/, '')
  const hash = createHash('sha256').update(drillId).digest('hex').slice(0, 8)
  const slug = plain === drillId && plain.length <= 48 ? plain : `${plain.slice(0, 38).replace(/-+$/, '')}-${hash}`
  return `loadgen-${slug}-${container}`
}

export const containerNumbers = (plan: DrillPlan): number[] => [...Array(plan.load.containers).keys()]
