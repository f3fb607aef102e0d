/** Whether this machine lets a test make namespaces of its own, as a container has them. */
import { spawnSync } from 'node:child_process'
import { findProgram } from '../../infra/local/process/programs.ts'

/** Mounts and process ids of its own, which end with it. */
export const OWN_NAMESPACES = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'] as const

/** Null: it does. */
export function whyNoNamespaces(): string | null {
  if (process.getuid?.() !== 0) return 'namespaces need root'
  if (findProgram(['unshare']) === null) return 'unshare is not installed (util-linux)'
  const { status, stderr } = spawnSync('unshare', [...OWN_NAMESPACES, '--mount-proc', 'true'], { encoding: 'utf8' })
  return status === 0 ? null : `this machine lets root make no namespaces: ${stderr.trim()}`
}
