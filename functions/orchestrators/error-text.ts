/**
 * What an activity or a child said, out of what the Durable extension makes of it: a prefix that names the function, the message,
 * and behind a line break the details as JSON. A message may have several lines.
 */
const PREFIX = /^(?:Activity|Orchestrator|Sub-?orchestrator) function '[^']*' failed:(?: |$)/i
/** Behind a child's message: what the extension made of its exception, with a stack. */
const CHILD_DETAILS = / \n (?:Message: [\s\S]*, StackTrace:[\s\S]*)?$/
/** As the host words what a worker threw, when the extension passes it on as it is. */
const FROM_WORKER = /^Result: Failure\s*\nException: ([\s\S]*?)(?:\nStack:[\s\S]*)?$/
const MAX_MESSAGE = 500

export function messageOf(error: unknown): string {
  const said = withoutPrefixes(withoutDetails(error instanceof Error ? error.message : String(error)))
  const text = FROM_WORKER.exec(said)?.[1] ?? said
  return (
    text
      .replace(/\s*\n\s*/g, ' ')
      .trim()
      .slice(0, MAX_MESSAGE) || 'without a message'
  )
}

const withoutPrefixes = (text: string): string =>
  PREFIX.test(text) ? withoutPrefixes(text.replace(PREFIX, '')) : text.trim()

/** A message may itself hold a brace behind a line break: the details are the rest that is JSON. */
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
