/** What every activity reads first: the drill's plan, which the trigger wrote once, and the abort request. */
import { blobNames, type GoSignal } from '../../../loadgen-image/contract/glossary.ts'
import type { Blobs } from '../../clients/clients.ts'
import { drillBlobs } from '../../model/blob-paths.ts'
import type { DrillPlan, StoredRequest } from '../../model/plan.ts'

/**
 * The input of nearly every activity: small, and without secrets. Activities read the stored plan, because the history keeps
 * the input of every call.
 */
export interface DrillRef {
  readonly drillId: string
}

export async function readPlan(blobs: Pick<Blobs, 'readJson'>, drillId: string): Promise<DrillPlan> {
  const request = await blobs.readJson<StoredRequest>(blobNames.request(drillId))
  if (request === null) throw new Error(`reading the request of drill ${drillId} failed: there is no such drill`)
  return request.plan
}

interface AbortRequest {
  readonly reason: string
  readonly at: string
}

export const readAbort = async (blobs: Blobs, drillId: string): Promise<string | null> =>
  (await blobs.readJson<AbortRequest>(drillBlobs.abort(drillId)))?.reason ?? null

export const loadStartAtMs = async (blobs: Pick<Blobs, 'readJson'>, drillId: string): Promise<number | null> =>
  (await blobs.readJson<GoSignal>(blobNames.go(drillId)))?.startAtMs ?? null
