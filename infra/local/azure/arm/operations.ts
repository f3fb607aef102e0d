/** Long-running operations: accepted with 202 and two URLs, polled until they end, kept until the stack ends. */
import { randomUUID } from 'node:crypto'
import { errorText } from '../../../../loadgen-image/contract/redact.ts'
import { ArmError, errorBody } from './arm.ts'
import type { WeatherFall } from './weather-fall.ts'

export interface Operation {
  readonly id: string
  readonly startedAt: Date
  status: 'InProgress' | 'Succeeded' | 'Failed'
  endedAt: Date | null
  error: { readonly code: string; readonly message: string } | null
}

export class Operations {
  readonly #all = new Map<string, Operation>()

  /** The operation ends with the work. */
  start(work: Promise<unknown>): Operation {
    const operation: Operation = {
      id: randomUUID(),
      startedAt: new Date(),
      status: 'InProgress',
      endedAt: null,
      error: null,
    }
    this.#all.set(operation.id, operation)
    work.then(
      () => end(operation, 'Succeeded', null),
      (cause) => end(operation, 'Failed', { code: codeOf(cause), message: errorText(cause) }),
    )
    return operation
  }

  get(id: string): Operation {
    const found = this.#all.get(id)
    if (found === undefined)
      throw new ArmError(404, 'OperationNotFound', `The operation '${id}' was not found; it may have expired.`)
    return found
  }
}

function end(operation: Operation, status: Operation['status'], error: Operation['error']): void {
  operation.status = status
  operation.error = error
  operation.endedAt = new Date()
}

const codeOf = (cause: unknown): string => (cause instanceof ArmError ? cause.code : 'InternalServerError')

/** The answer of the Azure-AsyncOperation URL. */
export const operationStatus = ({ id, status, startedAt, endedAt, error }: Operation, weather: WeatherFall) => ({
  name: id,
  status: weather.operationWord(status, startedAt),
  startTime: startedAt.toISOString(),
  ...(endedAt !== null && { endTime: endedAt.toISOString() }),
  ...(error !== null && errorBody(error.code, error.message)),
})
