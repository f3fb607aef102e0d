/** What helps when the platform refuses a request because the app lacks a right. */
import type { EventAnswer } from '../model/event-answer.ts'
import type { PlatformRequest } from '../model/planned-event.ts'

/** Parameters of the template (infra/azure/main.bicep) that grant what a call needs. Every deployment grants a restart. */
const GRANTED_BY = {
  restart: null,
  scale: 'allowScalingAndSwitchover=true',
  promote: 'allowScalingAndSwitchover=true and the id of the replica in replicaServerId',
} as const satisfies Record<PlatformRequest['call'], string | null>

/** AuthorizationFailed, and LinkedAuthorizationFailed of a resource that the request only names. */
const lacksRight = (answer: EventAnswer): boolean =>
  answer.kind === 'refused' && answer.status === 403 && /AuthorizationFailed$/i.test(answer.code)

/** The words of an answer, and behind them what grants the right that is missing. */
export function withAdvice(words: string, answer: EventAnswer, request: Pick<PlatformRequest, 'call'> | null): string {
  const parameters = request === null ? null : GRANTED_BY[request.call]
  if (parameters === null || !lacksRight(answer)) return words
  return `${words.replace(/\.\s*$/, '')}; the template grants this right with ${parameters} (docs/azure.md, "Permissions"), and a new right can take minutes to apply`
}
