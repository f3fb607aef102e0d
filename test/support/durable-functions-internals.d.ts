/** The one internal of durable-functions 3.5.0 that is imported; the package has no exports map and no types for it. */
declare module 'durable-functions/lib/src/util/testingUtils.js' {
  import type { InvocationContext } from '@azure/functions'
  import type { OrchestrationHandler } from 'durable-functions'

  /** What `df.app.orchestration` wraps a generator in before it registers it. */
  export function createOrchestrator(
    fn: OrchestrationHandler,
  ): (trigger: unknown, context: InvocationContext) => Promise<unknown>
}
