/** The load plan as it is checked at the edge: from the drill's blob or from the options of a stand-alone run, by one schema. */
import type { Parsed } from './connection/connection-string.ts'
import { shown } from './contract/fields.ts'
import { LOAD_RULES, type LoadPlan, loadPlanSchema } from './contract/load-plan.ts'

/** Each problem begins with the path of its field. */
export function parsePlan(value: unknown): Parsed<LoadPlan> {
  const parsed = loadPlanSchema.safeParse(value, { reportInput: true })
  if (!parsed.success) {
    const byPath = new Map<string, string>()
    for (const issue of parsed.error.issues) {
      const path = issue.path.join('.') || 'plan'
      if (!byPath.has(path)) byPath.set(path, `${path}: ${inWords(issue)}`)
    }
    return { problems: [...byPath.values()] }
  }
  const problems = LOAD_RULES.flatMap(({ judge }) => judge(parsed.data) ?? [])
  if (problems.length === 0) return { value: parsed.data }
  return { problems: problems.map(({ field, problem, expected }) => `${field}: ${problem}; expected ${expected}`) }
}

function inWords(issue: { readonly code?: string; readonly message: string; readonly input?: unknown }): string {
  if (issue.code === 'unrecognized_keys') return 'holds a field that is not known'
  return `expected ${issue.message}, got ${shown(issue.input)}`
}
