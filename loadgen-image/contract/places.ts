/**
 * Checks where the app and its load generators keep a drill's blobs: the URL of the container, its name, and the connection string
 * of a local account. Both sides check them at their start. No problem repeats a part of the text: it may hold a signature or a key.
 */

export const CONTAINER_URL_FORM = 'the URL of a Blob container, https://<account>.blob.core.windows.net/<container>'

/** Why the identity cannot reach a container by this URL; null when it can. */
export function problemOfContainerUrl(text: string): string | null {
  if (!URL.canParse(text)) return 'this is no URL'
  const { protocol, search, hash, username, password, pathname } = new URL(text)
  if (protocol !== 'https:') return 'it must begin with https://, because an identity sends its token'
  if (username !== '' || password !== '') return 'it must not hold a user or a password'
  if (search !== '')
    return 'it must end with the container: without a "?" and a signature, because the identity logs in'
  if (hash !== '') return 'it must end with the container: without a "#"'
  const [, container = '', ...more] = pathname.split('/')
  if (more.some((part) => part !== '')) return 'it must name one container and no blob in it'
  return isContainerName(container) ? null : `the container must be ${CONTAINER_NAME_FORM}`
}

export const CONTAINER_NAME_FORM =
  'the name of a Blob container: 3 to 63 of a-z, 0-9 and hyphens, no hyphen at an end or twice'

export const isContainerName = (text: string): boolean =>
  /^[a-z0-9](?:-?[a-z0-9])+$/.test(text) && text.length >= 3 && text.length <= 63

export const STORAGE_STRING_FORM =
  'the connection string of a storage account: DefaultEndpointsProtocol=...;AccountName=...;AccountKey=...;BlobEndpoint=..., ' +
  'or UseDevelopmentStorage=true'

/** What the storage SDK takes: the key of the account, or a signature together with the endpoint that it is for. */
export function isStorageString(text: string): boolean {
  if (/^UseDevelopmentStorage=true;?$/.test(text)) return true
  const partOf = (key: string) =>
    text
      .split(';')
      .find((part) => part.startsWith(`${key}=`))
      ?.slice(key.length + 1) ?? ''
  const endpoint = partOf('BlobEndpoint')
  if (endpoint !== '' && !(/^https?:\/\/./.test(endpoint) && URL.canParse(endpoint))) return false
  if (endpoint !== '' && partOf('SharedAccessSignature') !== '') return true
  const protocol = partOf('DefaultEndpointsProtocol')
  const place = endpoint || `${protocol}://${partOf('AccountName')}.blob.${partOf('EndpointSuffix')}`
  return (
    /^https?$/.test(protocol) &&
    /^[a-z0-9]{3,24}$/.test(partOf('AccountName')) &&
    /^[A-Za-z0-9+/]+={0,2}$/.test(partOf('AccountKey')) &&
    (endpoint !== '' || partOf('EndpointSuffix') !== '') &&
    URL.canParse(place)
  )
}
