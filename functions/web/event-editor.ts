/**
 * The events of the start form: a list of rows, each with its kind, its time, and the fields of that kind. Kinds, fields and their
 * bounds come from the schema of requests, so that a new kind needs its words here and nothing else.
 */
import * as z from 'zod'
import { PLANNED_KINDS, type PlannedKind } from '../model/planned-event.ts'
import { html, type Insert, type Markup } from '../render/text/markup.ts'
import { REQUEST_LIMITS, requestSchema } from '../request/request.ts'
import { given } from '../units/units.ts'

/** In names and ids stands for the row's number, which the page puts in. Names are those that the server's problems use. */
const ROW = 'events[#]'

const KIND_WORDS: Readonly<Record<PlannedKind, string>> = {
  failover: 'The standby becomes the primary.',
  restart: 'The same server starts again, without a failover.',
  scale: 'The server gets another size, and its own again at the end of the drill, also after an abort.',
  switchover: 'A read replica in another region becomes the primary behind a virtual endpoint.',
  external: 'The drill causes nothing: it recognises and measures what others do from then on. It stands alone.',
}

interface FieldWords {
  readonly label: string
  readonly hint: string
  readonly example?: string
  readonly choices?: Readonly<Record<string, string>>
}

const FIELD_WORDS: Readonly<Record<string, FieldWords>> = {
  'failover.mode': {
    label: 'Mode',
    hint: 'planned modes let the standby catch up first; forced ones do not',
    choices: { forcedSwitchover: 'forced switchover', plannedSwitchover: 'planned switchover' },
  },
  'scale.sku': { label: 'Size', hint: 'name of a SKU of flexible servers', example: 'Standard_D8ds_v5' },
  'switchover.mode': { label: 'Mode', hint: 'forced loses what the replica has not received' },
  'switchover.replica': { label: 'Replica', hint: 'server name of the read replica', example: 'pg-orders-replica' },
  'switchover.returnHome': {
    label: 'Return',
    hint: 'a planned switchover to the server of before',
    choices: { true: 'at the end of the drill', false: 'no' },
  },
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly oneOf?: readonly Schema[]
  readonly const?: unknown
  readonly enum?: readonly string[]
  readonly type?: string
  readonly minimum?: number
  readonly maximum?: number
}

function fieldsByKind(): ReadonlyMap<PlannedKind, Readonly<Record<string, Schema>>> {
  const schema = z.toJSONSchema(requestSchema, { io: 'input' }) as unknown as Schema
  const kinds = schema.properties?.events?.items?.oneOf ?? []
  return new Map(kinds.map(({ properties = {} }) => [properties.kind?.const as PlannedKind, properties]))
}

const part = (
  id: string,
  words: Pick<FieldWords, 'label' | 'hint'>,
  control: Insert,
  name: string,
  kind = '',
): Markup =>
  html`<div class="field" data-field="${name}"${kind !== '' && html` data-kind="${kind}"`}><label for="${id}">${words.label}</label>${control}<p class="hint" id="h-${id}">${words.hint}</p><p class="problem" id="p-${id}" hidden></p></div>\n`

const described = (id: string): Markup => html`aria-describedby="h-${id} p-${id}"`

/** One select or input of a kind; disabled fields are not sent, and the page enables those of the chosen kind. */
function kindField(kind: PlannedKind, name: string, schema: Schema): Markup {
  const words = FIELD_WORDS[`${kind}.${name}`]
  if (words === undefined) throw new Error(`the start form has no words for ${name} of ${kind}`)
  const id = `f-${ROW}-${kind}-${name}`
  const values = schema.enum ?? (schema.type === 'boolean' ? ['false', 'true'] : null)
  const control =
    values === null
      ? html`<input id="${id}" name="${ROW}.${name}" autocomplete="off" spellcheck="false" required disabled placeholder="${words.example}" ${described(id)}>`
      : html`<select id="${id}" name="${ROW}.${name}" disabled ${described(id)}>${values.map((value) => html`<option value="${value}">${words.choices?.[value] ?? value}</option>`)}</select>`
  return part(id, words, control, `${ROW}.${name}`, kind)
}

function eventRow(firstAtSeconds: number): Markup {
  const kinds = fieldsByKind()
  // Every kind has the same bounds for its time.
  const { minimum = 0, maximum = 0 } = kinds.get('failover')?.atSeconds ?? {}
  const [kindId, atId] = [`f-${ROW}-kind`, `f-${ROW}-atSeconds`]
  const about = PLANNED_KINDS.map((kind) => html`<p class="note" data-kind="${kind}">${KIND_WORDS[kind]}</p>`)
  const own = PLANNED_KINDS.flatMap((kind) =>
    Object.entries(kinds.get(kind) ?? {})
      .filter(([name]) => name !== 'kind' && name !== 'atSeconds')
      .map(([name, schema]) => kindField(kind, name, schema)),
  )
  return html`<li class="event"><div class="fields">${part(
    kindId,
    { label: 'Kind', hint: 'of the event' },
    html`<select id="${kindId}" name="${ROW}.kind" data-chooses="kind" ${described(kindId)}>${PLANNED_KINDS.map((kind) => html`<option value="${kind}">${kind}</option>`)}</select>`,
    `${ROW}.kind`,
  )}${part(
    atId,
    {
      label: 'After',
      hint: `seconds of load; ${given(minimum, '')} to ${given(maximum, '')}, ${given(firstAtSeconds, '')} for the first one when left empty`,
    },
    html`<input id="${atId}" name="${ROW}.atSeconds" type="number" inputmode="decimal" min="${String(minimum)}" max="${String(maximum)}" step="any" placeholder="${String(firstAtSeconds)}" ${described(atId)}>`,
    `${ROW}.atSeconds`,
  )}${own}</div>${about}<p class="actions"><button type="button" data-removes="event">Remove this event</button></p></li>`
}

export const eventEditor = (firstAtSeconds: number): Markup =>
  html`<ol class="events"></ol>
<div class="field" data-field="events"><p class="hint">What happens to the server, in this order. Without an event the verdict cannot be PASS; an external event stands alone.</p><p class="problem" hidden></p>
<p class="actions"><button type="button" id="add-event" data-most="${String(REQUEST_LIMITS.maxEvents)}">Add an event</button></p></div>
<template id="event-row">${eventRow(firstAtSeconds)}</template>`
