/** A drill's container as the platform runs it: the entry point as a process, blobs in Azurite, the test in the place of the drill. */

import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ContainerClient } from '@azure/storage-blob'
import { baseEnvironment, type Child } from '../../../infra/local/process/processes.ts'
import type { Azurite } from '../../../infra/local/stack/azurite.ts'
import { urlOf } from '../../../loadgen-image/connection/url.ts'
import { decodeRecords } from '../../../loadgen-image/contract/chunk.ts'
import { blobNames, type LoadSummary, type SecondRecord } from '../../../loadgen-image/contract/glossary.ts'
import type { LoadPlan } from '../../../loadgen-image/contract/load-plan.ts'
import { aCohort, aPlan as aDrillLoad } from '../../support/builders.ts'
import { eventually } from '../../support/eventually.ts'
import { placeOf } from '../../support/sql.ts'
import type { Bench } from '../../support/with-stack.ts'
import type { TestDatabase } from './database.ts'

export const BLOB_CONTAINER = 'drills'
const MAIN = fileURLToPath(new URL('../../../loadgen-image/main.ts', import.meta.url))
const PATIENCE_MS = 60_000

export const aPlan = (changes: Partial<LoadPlan> = {}): LoadPlan =>
  aDrillLoad({
    targetTps: 100,
    workers: 6,
    threads: 2,
    durationSeconds: 3,
    deadlineMs: 2000,
    cohorts: [aCohort({ firstDelayMs: 20, maxDelayMs: 200 })],
    drainSeconds: 5,
    hardDeadlineSeconds: 120,
    staleLeaseSeconds: 0,
    ...changes,
  })

export class DrillBlobs {
  readonly #container: ContainerClient
  readonly connectionString: string

  constructor(azurite: Azurite) {
    this.connectionString = azurite.connectionString
    this.#container = new ContainerClient(azurite.connectionString, BLOB_CONTAINER)
  }

  async write(name: string, value: unknown): Promise<void> {
    const content = JSON.stringify(value)
    await this.#container.getBlockBlobClient(name).upload(content, Buffer.byteLength(content))
  }

  async bytes(name: string): Promise<Buffer | null> {
    const blob = this.#container.getBlobClient(name)
    return (await blob.exists()) ? blob.downloadToBuffer() : null
  }

  async json<T>(name: string): Promise<T | null> {
    const bytes = await this.bytes(name)
    return bytes === null ? null : (JSON.parse(bytes.toString('utf8')) as T)
  }

  async list(prefix: string): Promise<string[]> {
    const names: string[] = []
    for await (const { name } of this.#container.listBlobsFlat({ prefix })) names.push(name)
    return names
  }

  /** Every record of the drill, by container and second. */
  async records(drillId: string): Promise<SecondRecord[]> {
    const names = (await this.list(blobNames.chunksPrefix(drillId))).filter((name) => name.includes('/chunks/'))
    const blobs = await Promise.all(names.map((name) => this.bytes(name)))
    const records = blobs.flatMap((bytes) => (bytes === null ? [] : [...decodeRecords(bytes)]))
    return records.sort((a, b) => a.container - b.container || a.second - b.second)
  }

  summary(drillId: string, container = 0): Promise<LoadSummary | null> {
    return this.json<LoadSummary>(blobNames.summary(drillId, container))
  }
}

let started = 0

interface StartedContainer {
  readonly drillId: string
  readonly container?: number
  readonly environment?: Readonly<Record<string, string>>
}

export function startGenerator(
  bench: Bench,
  database: Pick<TestDatabase, 'pooled' | 'direct'>,
  blobs: DrillBlobs,
  { drillId, container = 0, environment = {} }: StartedContainer,
): Child {
  return bench.processes.start({
    name: `generator-${container}-${++started}`,
    command: process.execPath,
    args: [MAIN],
    environment: {
      ...baseEnvironment(),
      POSTGRES_CONNECTION_STRING: urlOf(database.pooled),
      POSTGRES_DIRECT_PORT: String(placeOf(database.direct).port),
      DRILL_ID: drillId,
      DRILL_CONTAINER: String(container),
      DRILL_BLOB_CONNECTION_STRING: blobs.connectionString,
      DRILL_BLOB_CONTAINER: BLOB_CONTAINER,
      ...environment,
    },
  })
}

/** Writes the plan, starts the generator, and writes its go when it is ready. */
export async function startLoad(
  bench: Bench,
  database: Pick<TestDatabase, 'pooled' | 'direct'>,
  blobs: DrillBlobs,
  plan: LoadPlan,
  environment: Readonly<Record<string, string>> = {},
): Promise<Child> {
  await blobs.write(blobNames.plan(plan.drillId), plan)
  const child = startGenerator(bench, database, blobs, { drillId: plan.drillId, environment })
  await eventually(`the generator is ready; it says:\n${child.log()}`, PATIENCE_MS, () => {
    if (child.exit !== null) throw new Error(`the generator ended with ${child.exit.code}: ${child.log()}`)
    return blobs.bytes(blobNames.ready(plan.drillId, 0))
  })
  await blobs.write(blobNames.go(plan.drillId), { startAtMs: Date.now() + 500 })
  return child
}

export async function ended(child: Child): Promise<number | null> {
  const late = sleep(PATIENCE_MS, 'late' as const, { ref: false })
  const result = await Promise.race([child.exited, late])
  if (result === 'late') throw new Error(`the generator does not end: ${child.log()}`)
  return result.code
}
