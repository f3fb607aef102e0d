import { inspect } from 'node:util'
import { errorText, withoutSecrets } from '../../../loadgen-image/contract/redact.ts'

/** The command cannot run: one message with the cause and the next step. Exit code 2, no process left. */
export class CannotRun extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CannotRun'
  }
}

/** An error and its causes on one line, without a stack trace and without secrets. */
export const wordsOf = errorText

const FULL = ['ENOSPC', 'EDQUOT']

/** The text that a command prints for an error: one message for a known cause, the whole error for a defect. */
export function printable(error: unknown): string {
  if (error instanceof CannotRun) return wordsOf(error)
  const isFull = causesOf(error).some((cause) => FULL.includes(String((cause as NodeJS.ErrnoException).code)))
  return isFull
    ? `${wordsOf(error)}. Free some space, or set DRILL_STATE_DIR to a folder on another disk`
    : withoutSecrets(inspect(error))
}

function causesOf(error: unknown): Error[] {
  const found: Error[] = []
  for (let at = error; at instanceof Error && found.length < 5; at = at.cause) found.push(at)
  return error instanceof AggregateError ? [...found, ...error.errors.flatMap(causesOf)] : found
}
