/** What is written once when a drill is asked for: every later step reads its plan from here. */
import type { DrillPlan } from './plan.ts'

export interface StoredRequest {
  readonly plan: DrillPlan
  /** Of the request's body: tells a repeated request from another one under the same key. */
  readonly bodyHash: string
}
