/**
 * The original message of an activity or a sub-orchestration. The Durable extension adds a prefix with the function's name and, after
 * a line break, details as JSON. A message may have several lines.
 */
const PREFIX = /^(?:Activity|Orchestrator|Sub-?orchestrator) function '[^']*' failed:(?: |$)/i
/** The extension adds the stack of its own exception to the message of a sub-orchestration. */
const CHILD_DETAILS = / \n (?:Message: [\s\S]*, StackTrace:[\s\S]*)?$/
/** The form of an exception that a worker threw, when the extension passes it on unchanged. */
const FROM_WORKER = /^Result: Failure\s*\nException: ([\s\S]*?)(?:\nStack:[\s\S]*)?$/
const MAX_MESSAGE = 500

export function messageOf(error: unknown): string {
  const message = withoutPrefixes(withoutDetails(error instanceof Error ? error.message : String(error)))
  const text = FROM_WORKER.exec(message)?.[1] ?? message
  return (
    text
      .replace(/\s*\n\s*/g, ' ')
      .trim()
      .slice(0, MAX_MESSAGE) || 'without a message'
  )
}

const withoutPrefixes = (text: string): string =>
  PREFIX.test(text) ? withoutPrefixes(text.replace(PREFIX, '')) : text.trim()

/** The message may contain a brace after a line break: the details are the rest that parses as JSON. */
function withoutDetails(message: string): string {
  const text = message.replace(CHILD_DETAILS, '')
  for (const { index } of text.matchAll(/\s*\n\s*(?=\{)/g)) if (isJson(text.slice(index))) return text.slice(0, index)
  return text
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
