/** Assigns each worker its container, its thread and its cohort. A worker has one number in the whole drill. */

import { cohortOf } from '../contract/cohort.ts'
import type { Cohort, LoadPlan } from '../contract/load-plan.ts'
import { share, shareStart } from './schedule.ts'

export interface WorkerIdentity {
  readonly worker: number
  readonly cohort: Cohort
}

export const workersOfContainer = (plan: Pick<LoadPlan, 'workers' | 'containers'>, container: number): number =>
  share(plan.workers, plan.containers, container)

/** Neighbouring numbers stay together: container by container, thread by thread. */
export function workersOfThread(
  plan: Pick<LoadPlan, 'workers' | 'containers' | 'cohorts'>,
  container: number,
  threads: number,
  thread: number,
): readonly WorkerIdentity[] {
  const own = workersOfContainer(plan, container)
  const first = shareStart(plan.workers, plan.containers, container) + shareStart(own, threads, thread)
  return Array.from({ length: share(own, threads, thread) }, (_, i) => ({
    worker: first + i,
    cohort: cohortOf(plan.cohorts, first + i),
  }))
}

/** One thread can send several times as many, but threads that are not needed only cost CPU. */
const TPS_WORTH_A_THREAD = 10_000
const CLOSED_LOOP_WORKERS_WORTH_A_THREAD = 100

/** With `threads` 0: as many as this container's load asks for, up to its cores. */
export function chooseThreads(
  plan: Pick<LoadPlan, 'threads' | 'targetTps' | 'containers'>,
  workers: number,
  cores: number,
): number {
  const worth =
    plan.targetTps > 0
      ? plan.targetTps / plan.containers / TPS_WORTH_A_THREAD
      : workers / CLOSED_LOOP_WORKERS_WORTH_A_THREAD
  const wanted = plan.threads > 0 ? plan.threads : Math.min(cores, Math.ceil(worth))
  return Math.max(1, Math.min(workers, wanted))
}
