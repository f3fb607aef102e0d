/**
 * The weather of the local Azure endpoint: what a seed chooses for one drill, each of which users have reported of Azure. Pure: the
 * same seed is the same weather on every machine. What of it falls depends on what the drill asks for (weather-fall.ts).
 */
import { type Random, seededRandom } from '../../../../loadgen-image/schedule/random.ts'

/** Answers one request instead of its handling. In the message, NAME is the resource that was asked for. */
export interface Refusal {
  readonly status: number
  readonly code: string
  readonly message: string
  /** Codes that an outer error wraps. */
  readonly inner?: { readonly code: string; readonly message: string }
  readonly retryAfterSeconds?: number
}

/** Of a request for an event. `dropped`: accepted, and the operation ends with the word instead of the event. */
type EventFate =
  | { readonly kind: 'done' }
  | { readonly kind: 'dropped'; readonly word: string; readonly code: string; readonly message: string }

export interface Weather {
  readonly seed: number
  /** What was chosen, of WEATHER_KINDS. */
  readonly kinds: readonly string[]
  /** One sentence per kind. */
  readonly forecast: readonly string[]
  /** Of the first creations, one each. */
  readonly createRefusals: readonly Refusal[]
  /** From the creation of a group to its first appearance in reads and lists. */
  readonly newGroupHiddenMs: number
  /** When reads of a group that runs find none, counted from its start. */
  readonly groupHidden: { readonly fromMs: number; readonly toMs: number } | null
  readonly startDelayMs: number
  /** The groups' subnet has no link to Container Instances before the first group has started. */
  readonly hasFreshSubnet: boolean
  readonly eventRefusals: readonly Refusal[]
  readonly eventFate: EventFate
  /** The event begins, and the answer of its request is lost: the connection ends, or a gateway answers. */
  readonly eventAnswer: 'accepted' | 'reset' | 'gateway timeout'
  /** The words of an operation that goes on, in turn. */
  readonly operationWords: readonly string[]
  readonly operationRefusals: readonly Refusal[]
  /** The platform's words for the states of high availability that the local server does not use. */
  readonly haWords: Readonly<Record<string, string>>
  /** From a failover to the new zones in the server's document. */
  readonly oldZonesMs: number
  /** From a sample to its publication. */
  readonly metricsDelayMs: number
  readonly metricsRefusals: readonly Refusal[]
  /** Every so many reads of server and groups, one is refused; 0: none. */
  readonly readRefusalEvery: number
  readonly readRefusal: Refusal
  readonly deleteRefusals: readonly Refusal[]
  /** A group stays in the list for so long after its container has gone. */
  readonly deletionMs: number
  /** Every answer takes so much longer. */
  readonly answerMs: number
}

/** What of a weather fell on the drill, each with its first and its last time. */
export interface Fallen {
  readonly what: string
  readonly times: number
  readonly firstAt: string
  readonly lastAt: string
}

type Draft = { -readonly [K in keyof Weather]: Weather[K] }

const USUAL_METRICS_DELAY_MS = 5_000
const UNAVAILABLE: Refusal = { status: 503, code: 'ServiceUnavailable', message: 'The service is unavailable.' }

/** Nothing falls. */
export const fairWeather = (seed = 0): Weather => ({
  seed,
  kinds: [],
  forecast: [],
  createRefusals: [],
  newGroupHiddenMs: 0,
  groupHidden: null,
  startDelayMs: 0,
  hasFreshSubnet: false,
  eventRefusals: [],
  eventFate: { kind: 'done' },
  eventAnswer: 'accepted',
  operationWords: ['InProgress'],
  operationRefusals: [],
  haWords: {},
  oldZonesMs: 0,
  metricsDelayMs: USUAL_METRICS_DELAY_MS,
  metricsRefusals: [],
  readRefusalEvery: 0,
  readRefusal: UNAVAILABLE,
  deleteRefusals: [],
  deletionMs: 0,
  answerMs: 0,
})

const MIN_CHOICES = 3
const MAX_CHOICES = 5

export function weatherOf(seed: number): Weather {
  const random = seededRandom(seed)
  const draft: Draft = { ...fairWeather(seed) }
  const left = [...CHOICES]
  const count = whole(random, MIN_CHOICES, MAX_CHOICES)
  const chosen = Array.from({ length: count }, () => {
    const [choose] = left.splice(whole(random, 0, left.length - 1), 1) as [Choice]
    return { kind: choose.name, sentence: choose(draft, random) }
  })
  return { ...draft, kinds: chosen.map(({ kind }) => kind), forecast: chosen.map(({ sentence }) => sentence) }
}

// ---- What may fall ----------------------------------------------------------------------------------------------------

/** Changes the draft, and says how. */
type Choice = (draft: Draft, random: Random) => string

const whole = (random: Random, min: number, max: number): number => min + Math.floor(random() * (max - min + 1))
const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
const repeated = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item)
const counted = (count: number, noun: string): string =>
  count === 1 ? `the first ${noun} is` : `the first ${count} ${noun}s are`
const inSeconds = (ms: number): string => `${ms / 1000} s`

const throttled = (retryAfterSeconds: number): Refusal => ({
  status: 429,
  code: 'TooManyRequests',
  message: `The request is being throttled as the limit has been reached. Please try again after ${retryAfterSeconds} seconds.`,
  retryAfterSeconds,
})

/** github.com/hashicorp/terraform-provider-azurerm/issues/15025 */
const LINK_NOT_READY: Refusal = {
  status: 409,
  code: 'ServiceAssociationLinkNotReady',
  message: 'Network is not ready for container group NAME. Please try again.',
}
/** github.com/alan-turing-institute/data-safe-haven/issues/2641 */
const TRANSITIONING: Refusal = {
  status: 409,
  code: 'ContainerGroupTransitioning',
  message: "The container group 'NAME' is still transitioning, please retry later.",
}
/** github.com/Azure/azure-cli/issues/30915 */
const REGISTRY_ERROR: Refusal = {
  status: 409,
  code: 'MultipleErrorsOccurred',
  message: "Multiple errors occurred: 'Conflict'.",
  inner: {
    code: 'RegistryErrorResponse',
    message: 'An error response is received from the docker registry. Please retry later.',
  },
}
const SERVER_ERROR: Refusal = {
  status: 500,
  code: 'InternalServerError',
  message: 'Encountered an internal server error. The tracking activity ID is 00000000-0000-0000-0000-000000000000.',
}
/** github.com/Azure/azure-postgresql/issues/134 */
const SERVER_IS_BUSY: Refusal = {
  status: 409,
  code: 'ServerIsBusy',
  message: "Cannot complete operation while server 'NAME' is busy processing another operation. Try again later.",
}
/** github.com/Azure/bicep-registry-modules/issues/4451 */
const SERVER_BUSY: Refusal = {
  status: 409,
  code: 'ServerBusy',
  message: "Server 'NAME' is busy with another operation. Please try again later.",
}
/** github.com/hashicorp/terraform-provider-azurerm/issues/29219 */
const NOT_READY_WORDS = "The operation can only be performed on Started servers. Server 'NAME' is not ready."

/** A pause that the drill can take, and one that it cannot (github.com/elastic/integrations/issues/8575). */
const CREATE_PAUSES = [7, 20, 309] as const
const FAILOVER_PAUSES = [12, 309] as const
const METRICS_PAUSES = [15, 40] as const

/** The words of long-running operations that go on. */
const GOING_WORDS =
  'Accepted,Queued,NotStarted,Pending,Scheduled,Started,Running,Provisioning,Updating,In Progress,InProgress'

const CHOICES: readonly Choice[] = [
  function lateView(draft, random) {
    draft.newGroupHiddenMs = whole(random, 3, 25) * 1000
    return `a new container group is not found for ${inSeconds(draft.newGroupHiddenMs)} after its creation`
  },
  function overlooked(draft, random) {
    const fromMs = whole(random, 8, 35) * 1000
    draft.groupHidden = { fromMs, toMs: fromMs + whole(random, 2, 20) * 1000 }
    return `a container group that runs is not found from ${inSeconds(fromMs)} to ${inSeconds(draft.groupHidden.toMs)} after its start`
  },
  function refusedCreation(draft, random) {
    const refusal = pick(random, [LINK_NOT_READY, TRANSITIONING, REGISTRY_ERROR, SERVER_ERROR])
    const count = whole(random, 1, 3)
    draft.createRefusals = [...draft.createRefusals, ...repeated(count, refusal)]
    return `${counted(count, 'creation')} answered with ${refusal.status} ${(refusal.inner ?? refusal).code}`
  },
  function throttledCreation(draft, random) {
    const seconds = pick(random, CREATE_PAUSES)
    draft.createRefusals = [...draft.createRefusals, throttled(seconds)]
    return `a creation is answered with 429 and Retry-After ${seconds}`
  },
  function slowStart(draft, random) {
    draft.startDelayMs = whole(random, 3, 15) * 1000
    return `a container starts ${inSeconds(draft.startDelayMs)} after its group was created`
  },
  function freshSubnet(draft, random) {
    draft.hasFreshSubnet = true
    draft.startDelayMs = Math.max(draft.startDelayMs, whole(random, 2, 8) * 1000)
    return `the subnet has no link to Container Instances until the first container has started, after ${inSeconds(draft.startDelayMs)}`
  },
  function busyServer(draft, random) {
    const refusal = pick(random, [SERVER_IS_BUSY, SERVER_BUSY])
    const count = pick(random, [1, 1, 4])
    draft.eventRefusals = [...draft.eventRefusals, ...repeated(count, refusal)]
    return `${counted(count, 'event request')} answered with 409 ${refusal.code}`
  },
  function throttledFailover(draft, random) {
    const seconds = pick(random, FAILOVER_PAUSES)
    draft.eventRefusals = [...draft.eventRefusals, throttled(seconds)]
    return `an event request is answered with 429 and Retry-After ${seconds}`
  },
  function lostAnswer(draft, random) {
    draft.eventAnswer = pick(random, ['reset', 'gateway timeout'])
    return `an event request is accepted, and its answer is lost (${draft.eventAnswer})`
  },
  function droppedEvent(draft, random) {
    const word = pick(random, ['ServerIsNotReady', 'Failed', 'Canceled'])
    const code = word === 'Failed' ? 'InternalServerError' : word
    draft.eventFate = { kind: 'dropped', word, code, message: NOT_READY_WORDS }
    return `an event request is accepted and the event does not happen: its operation ends as ${word}`
  },
  function operationWords(draft, random) {
    const words = GOING_WORDS.split(',')
    const from = whole(random, 0, words.length - 1)
    draft.operationWords = [...words.slice(from), ...words.slice(0, from)]
    return `operations that go on report ${draft.operationWords.slice(0, 4).join(', ')} and other words`
  },
  function silentOperation(draft, random) {
    const refusal = pick(random, [
      throttled(309),
      { status: 403, code: 'AuthorizationFailed', message: 'No permission.' },
    ])
    draft.operationRefusals = repeated(99, refusal)
    return `reads of operations are answered with ${refusal.status} ${refusal.code}`
  },
  function newWords(draft) {
    draft.haWords = { FailingOver: 'ComputeUpdatingByFailover', CreatingStandby: 'RecreatingStandby' }
    return 'high availability reports ComputeUpdatingByFailover and RecreatingStandby'
  },
  function oldZones(draft, random) {
    draft.oldZonesMs = whole(random, 2, 20) * 1000
    return `the server shows its old zones for ${inSeconds(draft.oldZonesMs)} after a failover`
  },
  function lateMetrics(draft, random) {
    draft.metricsDelayMs = pick(random, [20_000, 60_000, 180_000])
    return `metrics are published ${inSeconds(draft.metricsDelayMs)} late`
  },
  function throttledMetrics(draft, random) {
    const seconds = pick(random, METRICS_PAUSES)
    draft.metricsRefusals = [throttled(seconds)]
    return `the first read of metrics is answered with 429 and Retry-After ${seconds}`
  },
  function shakyReads(draft, random) {
    draft.readRefusalEvery = whole(random, 3, 9)
    draft.readRefusal = pick(random, [UNAVAILABLE, SERVER_ERROR, throttled(1)])
    return `every ${draft.readRefusalEvery}th read is answered with ${draft.readRefusal.status} ${draft.readRefusal.code}`
  },
  function slowDeletion(draft, random) {
    draft.deletionMs = whole(random, 3, 12) * 1000
    return `a deleted container group stays in the list for ${inSeconds(draft.deletionMs)}`
  },
  function refusedDeletion(draft, random) {
    const refusal = pick(random, [TRANSITIONING, throttled(7), SERVER_ERROR])
    draft.deleteRefusals = repeated(whole(random, 1, 2), refusal)
    return `${counted(draft.deleteRefusals.length, 'deletion')} answered with ${refusal.status} ${refusal.code}`
  },
  function slowAnswers(draft, random) {
    draft.answerMs = whole(random, 200, 1_500)
    return `every answer takes ${draft.answerMs} ms longer`
  },
]

export const WEATHER_KINDS: readonly string[] = CHOICES.map(({ name }) => name)
