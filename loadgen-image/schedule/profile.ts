/**
 * Reads the load profile from a short text: `second:factor` jumps to the factor, `from-to:factor` moves to it in a straight line.
 *   ramp-up of 30 s:        0:0, 0-30:1
 *   spike to double:        60:2, 90:1
 *   steps up:               60:1.5, 120:2
 */

import type { Parsed } from '../contract/fields.ts'
import type { ProfileStep } from '../contract/load-plan.ts'

const STEP = /^(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?:(\d+(?:\.\d+)?)$/

export function parseProfile(text: string): Parsed<readonly ProfileStep[]> {
  const steps: ProfileStep[] = []
  const problems: string[] = []
  const words = text.split(',').map((word) => word.trim())
  for (const [index, word] of words.filter((word) => word !== '').entries()) {
    const found = STEP.exec(word)
    if (found === null) problems.push(`step ${index + 1}: expected second:factor or from-to:factor`)
    else steps.push(...stepsOf(Number(found[1]), found[2] === undefined ? null : Number(found[2]), Number(found[3])))
  }
  return problems.length > 0 ? { problems } : { value: steps }
}

/** A ramp ends where the next step begins, so its end is a step of its own. */
const stepsOf = (fromSecond: number, toSecond: number | null, factor: number): ProfileStep[] =>
  toSecond === null
    ? [{ fromSecond, factor, shape: 'step' }]
    : [
        { fromSecond, factor, shape: 'ramp' },
        { fromSecond: toSecond, factor, shape: 'step' },
      ]
