/**
 * Waits until the disk has written what lies in memory for it: a fresh installation, the data directories just copied. The
 * database's flushes queue behind that, and a drill right after `npm ci` would hold the installation against the server.
 */
import { execFile } from 'node:child_process'

/** A disk that is slower than this, or a system without `sync -f`, is measured as it is. */
const LONGEST_MS = 60_000

export const settleDisk = (folder: string, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => execFile('sync', ['-f', folder], { timeout: LONGEST_MS, signal }, () => resolve()))
