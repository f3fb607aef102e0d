/**
 * One request of an application probe: a connection of its own, no proxy of the environment, no redirect that is followed, and only
 * to an address that was checked. The name is resolved for every request, and the connection goes to the addresses of that one
 * answer, so that a name cannot change between the check and the connection.
 */
import { lookup } from 'node:dns'
import * as http from 'node:http'
import * as https from 'node:https'
import type { LookupFunction } from 'node:net'
import { addressOfHost, isForbiddenAddress } from '../connection/app-probe-address.ts'
import { APP_PROBE_LIMITS, type AppProbe, codeOfStatus, isReason, REASON_HEADER } from '../contract/app-probe.ts'

export type AppAnswer = { readonly kind: 'good' } | { readonly kind: 'failed' | 'refused'; readonly code: string }

export interface RequestSettings {
  readonly secrets: ReadonlyMap<string, string>
  readonly allowLoopback: boolean
}

/** The prober's own codes; others are those of Node: ECONNREFUSED, ENOTFOUND, CERT_HAS_EXPIRED. */
export const APP_CODES = { timeout: 'timeout', address: 'address-not-allowed', body: 'answer-too-long' } as const

const MAX_BODY_BYTES = 16 * 1024 * 1024

class ForbiddenAddress extends Error {}

/** A request that can be sent many times. */
export class AppRequest {
  readonly #options: http.RequestOptions
  readonly #module: typeof http | typeof https
  readonly #body: string | null
  readonly #expectStatus: number
  readonly #isRefused: boolean
  readonly #reasons = new Set<string>()

  /** Throws when a header cannot be sent; its message names the header and not the value. */
  constructor(probe: AppProbe, { secrets, allowLoopback }: RequestSettings) {
    const url = new URL(probe.url)
    const isTls = url.protocol === 'https:'
    this.#module = isTls ? https : http
    this.#body = probe.body === null ? null : secretOf(probe.body, probe, secrets)
    this.#expectStatus = probe.expectStatus
    const address = addressOfHost(url.hostname)
    this.#options = {
      protocol: url.protocol,
      hostname: address ?? url.hostname,
      port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
      path: url.pathname,
      method: probe.method,
      headers: headersOf(probe, this.#body, secrets),
      // An agent of its own: that of Node may follow proxies of the environment.
      agent: new this.#module.Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY }),
      lookup: checkedLookup(allowLoopback),
    }
    // An address needs no lookup, so it is checked here.
    this.#isRefused = address !== null && isForbiddenAddress(address, allowLoopback)
  }

  /** Resolves once; `cancel` ends it as failed with the given code. */
  send(onAnswer: (answer: AppAnswer) => void): (code: string) => void {
    let isDone = false
    const done = (answer: AppAnswer) => {
      if (isDone) return
      isDone = true
      onAnswer(answer)
    }
    if (this.#isRefused) {
      setImmediate(done, { kind: 'refused', code: APP_CODES.address })
      return () => {}
    }
    const request = this.#module.request(this.#options, (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > MAX_BODY_BYTES) fail(APP_CODES.body)
      })
      response.on('error', (error) => fail(codeOf(error)))
      response.on('end', () => done(this.#judge(response.statusCode ?? 0, response.headers[REASON_HEADER])))
    })
    const fail = (code: string) => {
      done({ kind: 'failed', code })
      request.destroy()
    }
    request.on('error', (error) => {
      if (error instanceof ForbiddenAddress) done({ kind: 'refused', code: APP_CODES.address })
      else fail(codeOf(error))
    })
    request.on('close', () => fail('ECONNRESET'))
    request.end(this.#body ?? undefined)
    return fail
  }

  #judge(status: number, reason: string | readonly string[] | undefined): AppAnswer {
    if (status === this.#expectStatus) return { kind: 'good' }
    return { kind: 'failed', code: codeOfStatus(status, typeof reason === 'string' ? this.#known(reason) : null) }
  }

  /** Few words only: an application might give another one with every answer. */
  #known(reason: string): string | null {
    if (!isReason(reason)) return null
    if (this.#reasons.size < APP_PROBE_LIMITS.maxReasons) this.#reasons.add(reason)
    return this.#reasons.has(reason) ? reason : null
  }
}

/** The code alone: a message may name hosts, and a value that was refused. */
const codeOf = (error: Error): string => {
  const { code } = error as NodeJS.ErrnoException
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,60}$/.test(code) ? code : 'error'
}

function secretOf(name: string, probe: AppProbe, secrets: ReadonlyMap<string, string>): string {
  const value = secrets.get(name)
  if (value === undefined)
    throw new Error(`the secret ${name} of the application probe ${probe.name} was not passed on`)
  return value
}

function headersOf(probe: AppProbe, body: string | null, secrets: ReadonlyMap<string, string>): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': 'pg-failover-drill', accept: '*/*' }
  if (body !== null) {
    headers['content-type'] = 'application/json'
    headers['content-length'] = String(Buffer.byteLength(body))
  }
  for (const [name, secret] of Object.entries(probe.headers)) {
    const value = secretOf(secret, probe, secrets)
    http.validateHeaderValue(name, value)
    headers[name.toLowerCase()] = value
  }
  return headers
}

/**
 * All addresses of one answer, and an error when any of them is forbidden. Lookups of a host run one at a time: each occupies a
 * thread of the pool that the load's own lookups need.
 */
function checkedLookup(allowLoopback: boolean): LookupFunction {
  return (hostname, options, callback) => {
    sharedLookup(hostname, (error, addresses) => {
      if (error !== null) return callback(error, '', 0)
      if (addresses.some(({ address }) => isForbiddenAddress(address, allowLoopback)))
        return callback(new ForbiddenAddress(), '', 0)
      const [first] = addresses
      if (options.all === true) return callback(null, [...addresses])
      callback(null, first?.address ?? '', first?.family ?? 0)
    })
  }
}

type Addresses = ReadonlyArray<{ readonly address: string; readonly family: number }>
type OnAddresses = (error: NodeJS.ErrnoException | null, addresses: Addresses) => void

const underWay = new Map<string, OnAddresses[]>()

function sharedLookup(hostname: string, onAddresses: OnAddresses): void {
  const others = underWay.get(hostname)
  if (others !== undefined) {
    others.push(onAddresses)
    return
  }
  const waiting = [onAddresses]
  underWay.set(hostname, waiting)
  lookup(hostname, { all: true }, (error, addresses) => {
    underWay.delete(hostname)
    const none = error === null && addresses.length === 0
    const failure = none ? Object.assign(new Error('no address'), { code: 'ENOTFOUND' }) : error
    for (const one of waiting) one(failure, addresses ?? [])
  })
}
