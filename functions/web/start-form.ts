/** The start form. Its limits come from the schema of requests and its defaults from an empty request, as the API reads both. */
import * as z from 'zod'
import { BEFORE_CHECK_IDS } from '../checklist/before.ts'
import { html, type Insert, type Markup } from '../render/text/markup.ts'
import { CAMPAIGN_LIMITS, SPARE_MINUTES } from '../request/campaign.ts'
import { parseRequest, requestSchema } from '../request/request.ts'
import { given } from '../units/units.ts'
import { eventEditor } from './event-editor.ts'

const NO_TARGET = { name: '', target: { resourceGroup: '', server: '', database: '' }, cooldownMinutes: 20 }

/** The plan of an empty request. */
function defaults() {
  const parsed = parseRequest(
    {},
    {
      drillId: 'example',
      requestedAt: '2000-01-01T00:00:00.000Z',
      requestedBy: 'http',
      defaults: { targets: [NO_TARGET] },
    },
  )
  if (!parsed.ok) throw new Error(`the defaults of a request are refused: ${JSON.stringify(parsed.problems)}`)
  return parsed.plan
}

interface NumberField {
  /** As in the request; a dot leads into an object. */
  readonly name: string
  readonly label: string
  readonly unit: string
  /** Used when the field stays empty. */
  readonly byDefault: number
  /** In words, where a setting of the app decides. */
  readonly whenEmpty?: string
}

interface Bounds {
  readonly type: string
  readonly minimum: number
  readonly maximum: number
}

/** Bounds of a field in the schema of requests. A rate has no minimum there, because 0 is a closed loop. */
function boundsOf(name: string): Bounds {
  type Schema = Bounds & {
    readonly properties?: Readonly<Record<string, Schema>>
  }
  const schema = z.toJSONSchema(requestSchema, { io: 'input' }) as unknown as Schema
  const inside = (parent: Schema, key: string) => parent.properties?.[key] as Schema
  const { type, minimum = 0, maximum } = name.split('.').reduce(inside, schema)
  return { type, minimum, maximum }
}

function numberFields(): readonly NumberField[] {
  const { load, timing } = defaults()
  const { warmupSeconds } = timing
  return [
    { name: 'targetTps', label: 'Target rate', unit: 'transactions per second', byDefault: load.targetTps },
    { name: 'workers', label: 'Workers', unit: 'clients, one connection each', byDefault: load.workers },
    { name: 'durationSeconds', label: 'Duration', unit: 'seconds', byDefault: load.durationSeconds },
    { name: 'containers', label: 'Containers', unit: 'load generators', byDefault: load.containers },
    { name: 'timing.warmupSeconds', label: 'Warm-up', unit: 'seconds, discarded', byDefault: warmupSeconds },
    {
      name: 'timing.minBaselineSeconds',
      label: 'Minimum baseline',
      unit: 'seconds of steady load before the first event',
      byDefault: 60,
    },
  ]
}

const field = (name: string, label: string, control: Insert, hint: string): Markup =>
  html`<div class="field" data-field="${name}"><label for="f-${name}">${label}</label>${control}<p class="hint" id="h-${name}">${hint}</p><p class="problem" id="p-${name}" hidden></p></div>\n`

function numberField(
  { name, label, unit, byDefault, whenEmpty = given(byDefault, '') }: NumberField,
  bounds = boundsOf(name),
): Markup {
  const { type, minimum, maximum } = bounds
  const isWhole = type === 'integer'
  return field(
    name,
    label,
    html`<input id="f-${name}" name="${name}" type="number" inputmode="${isWhole ? 'numeric' : 'decimal'}" min="${String(minimum)}" max="${String(maximum)}" step="${isWhole ? '1' : 'any'}" placeholder="${String(byDefault)}" aria-describedby="h-${name} p-${name}">`,
    `${unit}; ${given(minimum, '')} to ${given(maximum, '')}, ${whenEmpty} when left empty`,
  )
}

const textField = (name: string, label: string, hint: string, pattern: string): Markup =>
  field(
    name,
    label,
    html`<input id="f-${name}" name="${name}" autocomplete="off" spellcheck="false" pattern="${pattern}" aria-describedby="h-${name} p-${name}">`,
    hint,
  )

const criteriaField = (): Markup =>
  field(
    'criteria',
    'Criteria',
    html`<textarea id="f-criteria" name="criteria" rows="6" spellcheck="false" placeholder="${defaults().criteria.join('\n')}" aria-describedby="h-criteria p-criteria"></textarea>`,
    'one objective a line; the ones shown when left empty',
  )

/** More than one drill is a campaign. */
const repeatFields = (): Markup =>
  html`<div class="fields">${numberField(
    { name: 'repeat', label: 'Drills', unit: 'one after the other; more than one is a campaign', byDefault: 1 },
    { type: 'integer', minimum: 1, maximum: CAMPAIGN_LIMITS.maxDrills },
  )}${numberField(
    {
      name: 'gapMinutes',
      label: 'Gap',
      unit: 'minutes between two drills of a campaign',
      byDefault: defaults().timing.cooldownMinutes + SPARE_MINUTES,
      whenEmpty: `the cool-down and ${SPARE_MINUTES} more`,
    },
    { type: 'number', minimum: 0, maximum: CAMPAIGN_LIMITS.maxGapMinutes },
  )}</div>${field(
    'campaignCriteria',
    'Objectives over all drills',
    html`<textarea id="f-campaignCriteria" name="campaignCriteria" rows="3" spellcheck="false" placeholder="recovery_time_s[max] <= 120" aria-describedby="h-campaignCriteria p-campaignCriteria"></textarea>`,
    'of a campaign; one objective a line; when left empty every drill must pass and no commit may be lost',
  )}`

/** Of the drill and not of one event: the failover that returns home is added after the last one. */
const returnHomeField = (): Markup =>
  field(
    'returnHome',
    'Zones at the end',
    html`<select id="f-returnHome" name="returnHome" aria-describedby="h-returnHome p-returnHome"><option value="">as the failovers leave them</option><option value="true">as before the first failover</option></select>`,
    'as before: by a planned failover of its own after the cool-down of the last one, for which the load must last long enough',
  )

/** The app's own servers, which the page fills in; hidden where there is one. */
const targetField = (): Markup =>
  html`<div id="target" hidden>${field(
    'target',
    'Server of the drill',
    html`<select id="f-target" name="target" disabled aria-describedby="h-target p-target"></select>`,
    'presets, limits and checks are those of the chosen one',
  )}</div>`

/** Overrides, which the report records, for servers that are small on purpose. */
const forceField = (): Markup =>
  html`<div class="field" data-field="force"><p class="hint" id="h-force">A checked id does not stop the drill when it fails; the report says that it was overridden.</p>
<div class="checks" role="group" aria-label="Checks to override" aria-describedby="h-force p-force">${BEFORE_CHECK_IDS.map((id) => html`<label><input type="checkbox" name="force" value="${id}"> ${id}</label>\n`)}</div><p class="problem" id="p-force" hidden></p></div>`

export const startForm = (): Markup => html`<form id="start" novalidate>
<h1>Start a drill</h1>
<p class="lead">Every field may stay empty: the app then uses its own defaults.</p>
${targetField()}<div id="presets" role="group" aria-label="Presets"></div>
<div id="offer" role="status"></div>
<div class="problems" role="alert" hidden></div>
<fieldset><legend>Load</legend><div class="fields">${numberFields().map((one) => numberField(one))}</div></fieldset>
<fieldset><legend>Events</legend>${eventEditor(defaults().events[0]?.atSeconds ?? 120)}${returnHomeField()}</fieldset>
<fieldset><legend>Objectives</legend>${criteriaField()}</fieldset>
<fieldset><legend>Repeat</legend>${repeatFields()}</fieldset>
<details id="another-server"><summary>Another server</summary><div class="fields">
${textField('target.server', 'Server', 'name of the flexible server', '[a-z0-9][a-z0-9\\-]{1,61}[a-z0-9]')}${textField('target.resourceGroup', 'Resource group', 'of the server', '[\\-\\w.\\(\\)]{1,90}')}${textField('target.database', 'Database', 'with the transactions table', '[A-Za-z_][\\w$\\-]{0,62}')}</div></details>
<details><summary>Override checks</summary>${forceField()}</details>
${field('note', 'Note', html`<input id="f-note" name="note" maxlength="500" aria-describedby="h-note p-note">`, 'printed in the report')}
<p class="actions closing"><button type="submit" class="primary">Start the drill</button> <a href="#/">Cancel</a></p>
</form>`
