/** Another user, who tries to start a second drill on the same server while this one runs, through the same API. */
import type { DrillPlan } from '../../functions/model/plan.ts'
import type { Orchestrations } from '../../functions/triggers/orchestrations.ts'
import { startDrill } from '../../functions/triggers/start.ts'
import { aPlan } from '../support/play-drill.ts'
import type { World } from '../support/world/world.ts'

export class Rival {
  /** When a rival's orchestration was started. */
  readonly startedAtMs: number[] = []
  readonly #world: World
  readonly #plan: DrillPlan

  constructor(world: World, plan: DrillPlan) {
    this.#world = world
    this.#plan = plan
  }

  tryAt(atMs: number): void {
    const { blobs, table } = this.#world
    const clock = { now: () => new Date(atMs), sleep: async () => undefined }
    const rival = aPlan({}, `${this.#plan.drillId}-rival`, atMs)
    // Refused, or storage is away: nothing has happened.
    startDrill({ blobs, table, clock }, this.#service(atMs), rival, 'hash').catch(() => undefined)
  }

  /** Knows this drill as running; a start is noted and refused, so that the rival gives back what it took. */
  #service(atMs: number): Orchestrations {
    return {
      startNew: async () => {
        this.startedAtMs.push(atMs)
        throw new Error('the simulation starts no second drill')
      },
      getStatus: async (drillId: string) => {
        if (drillId.endsWith('-rival')) throw new Error('no instance')
        const at = new Date(atMs)
        return { instanceId: drillId, runtimeStatus: 'Running', createdTime: at, lastUpdatedTime: at }
      },
    } as unknown as Orchestrations
  }
}
