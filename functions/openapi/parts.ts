/** The pieces that descriptions of operations are made of. */
import { DRILL_ID } from '../../loadgen-image/contract/load-plan.ts'

export type Json = Readonly<Record<string, unknown>>

export const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` })
export const content = (type: string, schema: Json): Json => ({ [type]: { schema } })
export const ok = (description: string, schema: Json): Json => ({
  description,
  content: content('application/json', schema),
})
export const refusal = (description: string): Json => ({
  description,
  content: content('application/problem+json', ref('Problem')),
})
export const text = (type: string): Json => content(type, { type: 'string' })

/** The id in the path: of a drill or of a campaign. */
export const idInPath: Json = {
  name: 'id',
  in: 'path',
  required: true,
  schema: { type: 'string', pattern: DRILL_ID.source },
}
export const query = (name: string, description: string, schema: Json): Json => ({
  name,
  in: 'query',
  description,
  schema,
})
export const required = (parameter: Json): Json => ({ ...parameter, required: true })
export const header = (name: string, description: string): Json => ({
  name,
  in: 'header',
  description,
  schema: { type: 'string' },
})

/** As it is stored; a generated client gets its bytes. */
export const bytes = { type: 'string', format: 'binary' } as const

export const IF_NONE_MATCH: Json = header('If-None-Match', 'The ETag of an earlier answer')

export const unavailable = { 503: refusal('A service that the app depends on did not answer') }
