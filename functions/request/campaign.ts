/**
 * The body of `POST /api/campaigns`: a drill's request, how often, and how long between. The request inside is read by the parser of
 * drills, and its problems carry its name:
 *
 *   { "drills": 5, "gapMinutes": 25, "request": { "targetTps": 8000 }, "criteria": ["recovery_time_s[max] <= 120"] }
 */
import * as z from 'zod'
import { list, number, shown, whole } from '../../loadgen-image/contract/fields.ts'
import { type CampaignCriterion, parseCampaignCriterion } from '../criteria/campaign/grammar.ts'
import { defaultCampaignCriteria, problemOfLoad } from '../criteria/campaign/verdict.ts'
import { applicationsIn } from '../criteria/grammar.ts'
import { mayPromote } from '../event-kinds/kinds.ts'
import { type CampaignPlan, campaignDrillId } from '../model/campaign/campaign.ts'
import type { DrillPlan } from '../model/plan.ts'
import { applicationProblem } from './app-probes.ts'
import { type Problem, parseRequest, type RequestDefaults, requestSchema } from './request.ts'
import { REQUEST_LIMITS } from './rules.ts'

export const CAMPAIGN_LIMITS = {
  minDrills: 2,
  maxDrills: 20,
  maxGapMinutes: REQUEST_LIMITS.maxCooldownMinutes,
} as const
/** On top of the cool-down, where the body names no gap. */
export const SPARE_MINUTES = 5

const FIELDS = {
  drills: whole(CAMPAIGN_LIMITS.minDrills, CAMPAIGN_LIMITS.maxDrills),
  gapMinutes: number(0, CAMPAIGN_LIMITS.maxGapMinutes).optional(),
  criteria: list(
    z.string({ error: 'a criterion such as "recovery_time_s[max] <= 120"' }),
    1,
    50,
    'a list of criteria',
  ).optional(),
} as const

/** For the API's description. */
export const campaignSchema = z.strictObject({ ...FIELDS, request: requestSchema.optional() })

const KNOWN = [...Object.keys(FIELDS), 'request']

interface CampaignContext {
  readonly campaignId: string
  readonly requestedAt: string
  readonly defaults: RequestDefaults
}

export type ParsedCampaign =
  | { readonly ok: true; readonly campaign: CampaignPlan }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export function parseCampaign(body: unknown, context: CampaignContext): ParsedCampaign {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return { ok: false, problems: [{ field: '', problem: `got ${shown(body)}`, expected: 'a JSON object' }] }
  const given = body as Readonly<Record<string, unknown>>
  const parsed = z.object(FIELDS).safeParse(given, { reportInput: true })
  const request = parsePlan(given.request ?? {}, context)
  const problems = [
    ...unknownFields(given),
    ...(parsed.success ? [] : problemsOf(parsed.error.issues)),
    ...(Array.isArray(request) ? request : []),
  ]
  if (!parsed.success || Array.isArray(request)) return { ok: false, problems }
  const campaign = withDefaults(parsed.data, request, context)
  const all = [...problems, ...problemsOfGap(campaign), ...problemsOfCriteria(campaign)]
  return all.length > 0 ? { ok: false, problems: all } : { ok: true, campaign }
}

/** The plan of the first drill, or every problem of the request. */
function parsePlan(request: unknown, { campaignId, requestedAt, defaults }: CampaignContext): DrillPlan | Problem[] {
  const drillId = campaignDrillId(campaignId, 1)
  const parsed = parseRequest(request, { drillId, requestedAt, requestedBy: 'campaign', defaults })
  if (parsed.ok) return parsed.plan
  return parsed.problems.map(({ field, ...rest }) => ({
    field: field === '' ? 'request' : `request.${field}`,
    ...rest,
  }))
}

const unknownFields = (body: object): Problem[] =>
  Object.keys(body)
    .filter((field) => !KNOWN.includes(field))
    .map((field) => ({ field, problem: 'unknown field', expected: `one of ${KNOWN.join(', ')}` }))

/** One problem per place. */
function problemsOf(issues: readonly z.core.$ZodIssue[]): Problem[] {
  const byField = new Map<string, Problem>()
  for (const { path, input, message } of issues) {
    const field = path.reduce<string>((text, key) => (typeof key === 'number' ? `${text}[${key}]` : String(key)), '')
    if (!byField.has(field)) byField.set(field, { field, problem: `got ${shown(input)}`, expected: message })
  }
  return [...byField.values()]
}

type Fields = z.infer<z.ZodObject<typeof FIELDS>>

const withDefaults = (
  { drills, gapMinutes, criteria }: Fields,
  plan: DrillPlan,
  { campaignId, requestedAt }: CampaignContext,
): CampaignPlan => ({
  campaignId,
  requestedAt,
  drills,
  gapMinutes: gapMinutes ?? Math.min(CAMPAIGN_LIMITS.maxGapMinutes, plan.timing.cooldownMinutes + SPARE_MINUTES),
  plan,
  criteria: criteria ?? defaultCampaignCriteria(drills, plan.load),
})

// ---- Problems between fields ------------------------------------------------------------------------------------------

function problemsOfGap({ gapMinutes, plan }: CampaignPlan): Problem[] {
  const { cooldownMinutes } = plan.timing
  if (!plan.events.some(mayPromote) || gapMinutes >= cooldownMinutes) return []
  return [
    {
      field: 'gapMinutes',
      problem: `${gapMinutes} min between two drills that may promote a standby`,
      expected: `at least ${cooldownMinutes} min, the cool-down (request.timing.cooldownMinutes)`,
    },
  ]
}

function problemsOfCriteria({ criteria, drills, plan }: CampaignPlan): Problem[] {
  return criteria.flatMap((criterion, index) => {
    const field = `criteria[${index}]`
    const parsed = parseCampaignCriterion(criterion, drills)
    if (typeof parsed === 'string')
      return [{ field, problem: `got ${shown(criterion)}`, expected: parsed.replace(/^expected /, '') }]
    const problem = problemOfLoad(criterion, drills, plan.load) ?? problemOfApplications(parsed, plan)
    return problem === null ? [] : [{ field, ...problem }]
  })
}

const problemOfApplications = (criterion: CampaignCriterion, { probes }: DrillPlan): Omit<Problem, 'field'> | null => {
  const names = criterion.kind === 'figure' ? applicationsIn(criterion) : []
  return names.every((name) => probes.some((probe) => probe.name === name)) ? null : applicationProblem(probes)
}
