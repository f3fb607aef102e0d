/** The clouds of Azure: the endpoint of Resource Manager decides the host names of servers and the tokens that they accept. */

export interface Cloud {
  /** Host name of a flexible server: its name and this. */
  readonly serverSuffix: string
  /** Scope of a Microsoft Entra token with which a role logs in to PostgreSQL. */
  readonly databaseScope: string
  /** Where a developer's own login gets its tokens; a managed identity needs none. */
  readonly authorityHost: string
}

const PUBLIC: Cloud = {
  serverSuffix: '.postgres.database.azure.com',
  databaseScope: 'https://ossrdbms-aad.database.windows.net/.default',
  authorityHost: 'https://login.microsoftonline.com',
}

const CLOUDS: Readonly<Record<string, Cloud>> = {
  'management.azure.com': PUBLIC,
  'management.usgovcloudapi.net': {
    serverSuffix: '.postgres.database.usgovcloudapi.net',
    databaseScope: 'https://ossrdbms-aad.database.usgovcloudapi.net/.default',
    authorityHost: 'https://login.microsoftonline.us',
  },
  'management.chinacloudapi.cn': {
    serverSuffix: '.postgres.database.chinacloudapi.cn',
    databaseScope: 'https://ossrdbms-aad.database.chinacloudapi.cn/.default',
    authorityHost: 'https://login.chinacloudapi.cn',
  },
}

export const ENDPOINT_FORM = `Resource Manager of a cloud: ${Object.keys(CLOUDS)
  .map((host) => `https://${host}`)
  .join(', ')}, or an https endpoint of this machine`

/** Null for an endpoint of no known cloud. The endpoint of a local stack stands for the public cloud. */
export function cloudOf(endpoint: string): Cloud | null {
  if (!URL.canParse(endpoint)) return null
  const { protocol, hostname, port, pathname, search, hash, username, password } = new URL(endpoint)
  const isOrigin = pathname === '/' && search === '' && hash === '' && username === '' && password === ''
  if (protocol !== 'https:' || !isOrigin) return null
  if (/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(hostname)) return PUBLIC
  return port === '' && Object.hasOwn(CLOUDS, hostname) ? (CLOUDS[hostname] as Cloud) : null
}
