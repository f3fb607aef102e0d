/** What an error answer says, in words that hold no piece of a key. */
import type { FieldProblem } from '../../../loadgen-image/contract/load-plan.ts'
import { withoutSecrets } from '../../../loadgen-image/contract/redact.ts'

interface Shown {
  readonly words: string
  readonly problems: readonly FieldProblem[]
  readonly instance: string | null
}

const MAX_SHOWN = 2_000

/** `secrets`: what the call carried. A gateway on the way may repeat it. */
export function shownProblems(content: Uint8Array, secrets: readonly string[]): Shown {
  const clean = (text: string) =>
    withoutSecrets(secrets.reduce((rest, secret) => rest.replaceAll(secret, '...'), text)).slice(0, MAX_SHOWN)
  const text = new TextDecoder().decode(content)
  const { title, detail, problems, instance } = parsed(text)
  const words = typeof detail === 'string' ? detail : typeof title === 'string' ? title : plain(text)
  return {
    words: clean(words),
    problems: Array.isArray(problems) ? problems.flatMap((one) => fieldProblem(one, clean)) : [],
    instance: typeof instance === 'string' ? clean(instance) : null,
  }
}

function fieldProblem(one: unknown, clean: (text: string) => string): FieldProblem[] {
  const { field, problem, expected } = (one ?? {}) as Readonly<Record<string, unknown>>
  return typeof field === 'string' && typeof problem === 'string' && typeof expected === 'string'
    ? [{ field: clean(field), problem: clean(problem), expected: clean(expected) }]
    : []
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

/** A page of a gateway says little in its markup. */
const plain = (text: string): string => (text.trimStart().startsWith('<') ? '' : text.trim().slice(0, 200))
