/** The server that a client connects to: its possible places, the login, and the encryption. */

/** One place to look for the server. A host that begins with `/` is the folder of a unix socket. */
export interface ServerPlace {
  readonly host: string
  /** Connect to this address and resolve nothing; the name is still the one that the certificate must carry. */
  readonly address: string | null
  readonly port: number
}

export interface ServerTarget {
  /** Tried in this order; at least one. */
  readonly places: readonly ServerPlace[]
  readonly database: string
  readonly user: string
  /** Empty: none was given. */
  readonly password: string
  /** Null: never encrypted. */
  readonly tls: Tls | null
  readonly session: SessionSettings
}

/** `allow` and `prefer` take an encrypted or a plain connection; `allow` tries the plain one first, `prefer` the encrypted one. */
export type TlsMode = 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full'

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3'

export interface Tls {
  readonly mode: TlsMode
  /** PEM of the authorities; null: the public ones. */
  readonly ca: string | null
  /** The certificate must come from one of the authorities: always in verify-ca and verify-full, elsewhere when one was named. */
  readonly verifiesAuthority: boolean
  /** TLS from the first byte on, without asking for it in PostgreSQL's protocol. */
  readonly isDirect: boolean
  readonly minVersion: TlsVersion | null
  readonly maxVersion: TlsVersion | null
}

export interface SessionSettings {
  readonly applicationName: string
  /** Sent as the startup parameter `options`; null: none. */
  readonly options: string | null
  /** A place whose session is read-only is passed over. */
  readonly mustWrite: boolean
  /** Limit for one address; null: its share of the whole limit. */
  readonly addressTimeoutMs: number | null
}

export const DEFAULT_SESSION: SessionSettings = {
  applicationName: 'pg-failover-drill',
  options: null,
  mustWrite: false,
  addressTimeoutMs: null,
}

interface OneServer {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
  readonly tls?: Tls | null
}

/** A server at one place, without encryption unless it is given. */
export const oneServer = ({ host, port, database, user, password, tls = null }: OneServer): ServerTarget => ({
  places: [{ host, address: null, port }],
  database,
  user,
  password,
  tls,
  session: DEFAULT_SESSION,
})

/** The same servers at another port, such as PostgreSQL's own beside PgBouncer's. */
export const atPort = (target: ServerTarget, port: number): ServerTarget => ({
  ...target,
  places: target.places.map((place) => ({ ...place, port })),
})

export const withPassword = (target: ServerTarget, password: string): ServerTarget => ({ ...target, password })

/** The public authorities must have signed the certificate, and it must carry the host's name. */
export const VERIFIED: Tls = {
  mode: 'verify-full',
  ca: null,
  verifiesAuthority: true,
  isDirect: false,
  minVersion: null,
  maxVersion: null,
}

export const isSocketFolder = (host: string): boolean => host.startsWith('/')

export const placeName = ({ host, port }: ServerPlace): string =>
  isSocketFolder(host) ? `${host}/.s.PGSQL.${port}` : `${host.includes(':') ? `[${host}]` : host}:${port}`

export const placesName = ({ places }: ServerTarget): string => places.map(placeName).join(', ')
