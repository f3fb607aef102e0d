/**
 * Makes a folder with its parents, one after the other. Node's own `recursive` never returns where the parent exists and the
 * file system still answers "no such file" to a new entry in it, as /proc and some network file systems do.
 */
import { chmodSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Throws the file system's own error, which names the folder that could not be made. With a mode, every folder that is made
 * here gets exactly that mode: mkdir would apply the caller's umask to it.
 */
export function makeFolder(path: string, mode?: number): void {
  if (isFolder(path)) return
  const parent = dirname(path)
  if (parent !== path) makeFolder(parent, mode)
  try {
    mkdirSync(path)
    if (mode !== undefined) chmodSync(path, mode)
  } catch (error) {
    // Another process may have made it in between.
    if (!isFolder(path)) throw error
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
