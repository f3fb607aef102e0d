/** Container groups of a made-up platform: each runs a fake load generator until it is deleted. */
import type { ContainerGroups, CreateAnswer, GroupSpec, GroupState } from '../../../functions/clients/clients.ts'
import { CONTAINER_TAG, DRILL_TAG } from '../../../functions/platform/names.ts'
import { goodPlace } from '../good-facts.ts'
import type { MemoryBlobs } from '../memory-blobs.ts'
import type { WorldClock } from './clock.ts'
import { FakeGenerator, type GeneratorCourse } from './generator.ts'
import type { Rows } from './rows.ts'
import type { FakeServer } from './server.ts'

interface Group {
  readonly spec: GroupSpec
  readonly createdAtMs: number
  readonly generator: FakeGenerator
  deletedAtMs: number | null
}

export interface GroupsOptions {
  readonly course: (container: number) => GeneratorCourse
  readonly refuse?: (container: number) => Exclude<CreateAnswer, { kind: 'created' }> | null
  /** From the request to delete to the group being gone. */
  readonly deletingMs: number
  readonly deleteFails?: (name: string) => boolean
  /** What the SDK throws for a deletion; null: it is accepted. */
  readonly deleteRefusal?: () => Error | null
  readonly logs?: (container: number) => string
  /** The state of provisioning that the platform shows. */
  readonly provisioning?: () => string
  /** The platform answers that a group that runs does not exist: its own views agree only after a while. */
  readonly isOverlooked?: (name: string) => boolean
  /** Lists leave it out, and its deletion is answered as if nothing were there. */
  readonly isUnlisted?: (name: string) => boolean
  /** From the creation of a group to its first appearance in reads and lists. */
  readonly hiddenMs?: number
}

interface Shared {
  readonly blobs: MemoryBlobs
  readonly server: FakeServer
  readonly rows: Rows
  readonly databaseOffsetMs: number
}

export class FakeGroups implements ContainerGroups {
  readonly created: string[] = []
  /** Of creations. */
  refusals = 0
  readonly #groups = new Map<string, Group>()
  readonly #clock: WorldClock
  readonly #world: Shared
  readonly #options: GroupsOptions
  #incarnations = 0

  constructor(clock: WorldClock, world: Shared, options: GroupsOptions) {
    this.#clock = clock
    this.#world = world
    this.#options = options
  }

  /** Every generator lives up to now. */
  advance(): void {
    this.#world.server.schedule()
    for (const group of this.#groups.values()) {
      const { deletedAtMs, generator } = group
      if (deletedAtMs === null) generator.advance(this.#clock.nowMs)
    }
  }

  /** The containers whose generator ended by itself, and not by its load. */
  get died(): readonly number[] {
    return [...this.#groups.values()].flatMap(({ spec, deletedAtMs, generator: { ended } }) => {
      const isDeath =
        ended !== null && ended.how !== 'completed' && ended.atMs < (deletedAtMs ?? Number.POSITIVE_INFINITY)
      return isDeath ? [Number(spec.tags[CONTAINER_TAG])] : []
    })
  }

  /** Groups that bill: not yet gone. */
  get alive(): GroupState[] {
    this.advance()
    return [...this.#groups.values()].filter((group) => this.#isThere(group)).map((group) => this.#stateOf(group))
  }

  get specs(): GroupSpec[] {
    return [...this.#groups.values()].map(({ spec }) => spec)
  }

  /** What was handed over as secure values, to the platform alone. */
  get secrets(): string[] {
    return this.specs.flatMap((spec) => Object.values(spec.secureEnvironment))
  }

  /** A group of another owner, or one from a drill that died. */
  plant(spec: GroupSpec): void {
    this.#add(spec)
  }

  async create(spec: GroupSpec): Promise<CreateAnswer> {
    const container = Number(spec.tags[CONTAINER_TAG])
    const refusal = this.#options.refuse?.(container) ?? null
    if (refusal !== null) this.refusals++
    if (refusal !== null) return refusal
    this.created.push(spec.name)
    if (!this.#groups.has(spec.name)) this.#add(spec)
    return { kind: 'created' }
  }

  #add(spec: GroupSpec): void {
    const container = Number(spec.tags[CONTAINER_TAG] ?? 0)
    const course = this.#options.course(container)
    const createdAtMs = this.#clock.nowMs
    this.#incarnations++
    const generator = new FakeGenerator(
      {
        ...this.#world,
        drillId: spec.tags[DRILL_TAG] ?? 'unknown',
        container,
        incarnation: `i${this.#incarnations}`,
      },
      course,
      createdAtMs,
    )
    this.#groups.set(spec.name, { spec, createdAtMs, generator, deletedAtMs: null })
  }

  async get(name: string): Promise<GroupState | null> {
    this.advance()
    const group = this.#groups.get(name)
    if (group === undefined || !this.#isThere(group) || this.#options.isOverlooked?.(name) === true) return null
    return this.#isHidden(name) ? null : this.#stateOf(group)
  }

  async list(): Promise<readonly GroupState[]> {
    return this.alive
      .filter(({ name }) => this.#options.isUnlisted?.(name) !== true && !this.#isHidden(name))
      .map((state) => ({ ...state, container: null }))
  }

  #isHidden(name: string): boolean {
    const createdAtMs = this.#groups.get(name)?.createdAtMs ?? Number.NEGATIVE_INFINITY
    return this.#clock.nowMs < createdAtMs + (this.#options.hiddenMs ?? 0)
  }

  async delete(name: string): Promise<void> {
    this.advance()
    if (this.#options.isUnlisted?.(name) === true) return
    if (this.#options.deleteFails?.(name)) throw new Error(`deleting container group ${name} failed: 500`)
    const cause = this.#options.deleteRefusal?.() ?? null
    if (cause !== null) throw new Error(`deleting container group ${name} failed; it bills until it is gone`, { cause })
    const group = this.#groups.get(name)
    if (group === undefined || group.deletedAtMs !== null) return
    group.generator.kill(this.#clock.nowMs)
    group.deletedAtMs = this.#clock.nowMs
  }

  async logs(name: string): Promise<string> {
    const group = this.#groups.get(name)
    const container = Number(group?.spec.tags[CONTAINER_TAG] ?? 0)
    return this.#options.logs?.(container) ?? `log of ${name}\n`
  }

  async facts() {
    return goodPlace
  }

  #isThere({ deletedAtMs }: Group): boolean {
    return deletedAtMs === null || this.#clock.nowMs < deletedAtMs + this.#options.deletingMs
  }

  #stateOf({ spec, createdAtMs, generator }: Group): GroupState {
    const { ended } = generator
    const isFailure = ended !== null && (ended.how === 'killed' || ended.how === 'failed')
    return {
      name: spec.name,
      tags: spec.tags,
      provisioningState: this.#options.provisioning?.() ?? 'Succeeded',
      container: ended === null ? 'Running' : 'Terminated',
      exitCode: ended === null ? null : isFailure ? 137 : 0,
      restartCount: 0,
      zone: spec.zone ?? null,
      startedAt: new Date(createdAtMs).toISOString(),
      finishedAt: ended === null ? null : new Date(ended.atMs).toISOString(),
      detail: null,
    }
  }
}
