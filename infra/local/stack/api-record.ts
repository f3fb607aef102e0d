/** The API of a local stack that runs, as its folder records it: other commands of the same user find its address and its key there. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runningStacks } from '../process/stack-folder.ts'

const FILE = 'api.json'

export interface LocalApi {
  /** Ends with /api. */
  readonly url: string
  readonly key: string
}

export const recordApi = (folder: string, api: LocalApi): void =>
  writeFileSync(join(folder, FILE), JSON.stringify(api), { mode: 0o600 })

/** Without those that are still starting. */
export const runningApis = (): LocalApi[] =>
  runningStacks().flatMap((folder) => {
    try {
      return [JSON.parse(readFileSync(join(folder, FILE), 'utf8')) as LocalApi]
    } catch {
      return []
    }
  })
