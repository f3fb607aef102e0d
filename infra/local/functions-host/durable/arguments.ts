/** What the management API accepts as instance ids, function names and JSON, and the words it refuses the rest with. */
import { randomUUID } from 'node:crypto'
import { type Answer, json } from '../http/exchange.ts'

/** What the extension throws for a bad argument; it answers 400 with it. */
export class ArgumentError extends Error {
  override readonly name = 'System.ArgumentException'
}

export const newId = (): string => randomUUID().replaceAll('-', '')

const LONGEST_ID = 256

export function checkedId(given: string | undefined): string {
  if (given === undefined || given === '') return newId()
  if (given.startsWith('@')) throw new ArgumentError('Orchestration instance ids must not start with @.')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[/\\?#\u0000-\u001f\u007f-\u009f]/.test(given))
    throw new ArgumentError('Orchestration instance ids must not contain /, \\, #, ?, or control characters.')
  if (given.length > LONGEST_ID)
    throw new ArgumentError(`Instance ID lengths must not exceed ${LONGEST_ID} characters.`)
  return given
}

export function jsonProblem(text: string): Answer | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    return problem(400, 'Invalid JSON content', 'Newtonsoft.Json.JsonReaderException', (error as Error).message)
  }
}

/** The extension adds a stack trace; this host keeps it to itself. */
export const problem = (status: number, message: string, type: string, why: string): Answer =>
  json(status, { Message: message, ExceptionMessage: why, ExceptionType: type })

export function checkName(name: string, known: readonly string[]): void {
  if (known.includes(name)) return
  const names =
    known.length === 0
      ? 'No orchestrator functions are currently registered!'
      : `The following are the known orchestrator functions: '${known.join("', '")}'.`
  throw new ArgumentError(
    `The function '${name}' doesn't exist, is disabled, or is not an orchestrator function. Additional info: ${names}`,
  )
}
