/** A secret value: printing, logging or serialising it shows a placeholder, and errors that contain it hide it. */
import { inspect } from 'node:util'
import { hideSecret } from '../../loadgen-image/contract/redact.ts'

export class Secret {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
    hideSecret(value)
  }
  reveal(): string {
    return this.#value
  }
  toString(): string {
    return '[secret]'
  }
  toJSON(): string {
    return '[secret]'
  }
  [inspect.custom](): string {
    return '[secret]'
  }
}
