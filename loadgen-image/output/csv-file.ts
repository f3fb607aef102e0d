/** The CSV of a stand-alone run. A disk that takes no more lines ends the file, not the process. */
import { createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'

export class CsvFile {
  readonly #stream: WriteStream
  #problem: string | null = null

  /** The file is there and has its header. `onProblem` is called once, with the words of the file system. */
  constructor(path: string, onProblem: (words: string) => void) {
    this.#stream = createWriteStream(path, { flags: 'a' })
    this.#stream.on('error', (error) => {
      if (this.#problem !== null) return
      this.#problem = error.message
      onProblem(error.message)
    })
  }

  get isWhole(): boolean {
    return this.#problem === null
  }

  add(row: string): void {
    if (this.#problem === null) this.#stream.write(row)
  }

  async close(): Promise<void> {
    this.#stream.end()
    await finished(this.#stream).catch(() => {})
  }
}
