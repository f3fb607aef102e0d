/**
 * The reference of an image in a registry, taken apart: `registry.example/team/name:tag` or `...@sha256:<digest>`.
 * A reference with a tag and a digest is refused: a registry ignores the tag, so the reference would name a version that is not run.
 */

interface ImageReference {
  readonly registry: string
  readonly repository: string
  /** A tag or a digest. */
  readonly version: string
}

export const IMAGE_FORM = 'an image by registry and digest, <registry>/<name>@sha256:<64 hex digits>'

/** A first part without a dot or a port is a folder of Docker Hub and no registry. */
const REGISTRY =
  /^(?:localhost|[a-z0-9]+(?:[.-][a-z0-9]+)*\.[a-z0-9]+(?:-[a-z0-9]+)*)(?::\d{1,5})?$|^localhost:\d{1,5}$/i
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/
const DIGEST = /^sha256:[0-9a-f]{64}$/
const TAG = /^\w[\w.-]{0,127}$/

/** Why the text is no image reference, without a piece of the text; null when it is one. */
export function problemOfImage(reference: string): string | null {
  const parts = partsOf(reference)
  if (parts === null) return 'it names no registry before the first slash'
  const { registry, repository, digest, tag } = parts
  if (!REGISTRY.test(registry)) return 'what stands before the first slash is no registry host'
  if (!REPOSITORY.test(repository)) return 'the name of the image must be lower case letters, digits and . _ - /'
  if (digest !== null && tag !== null) return 'it has a tag and a digest: keep the digest alone'
  if (digest !== null && !DIGEST.test(digest)) return 'the digest must be sha256: and 64 hex digits'
  if (tag !== null && !TAG.test(tag)) return 'what stands after the colon is no tag'
  return null
}

/** For a reference that has passed `problemOfImage`. */
export function parseImageReference(reference: string): ImageReference {
  const problem = problemOfImage(reference)
  const parts = partsOf(reference)
  if (problem !== null || parts === null) throw new Error(`expected ${IMAGE_FORM}; ${problem}`)
  return { registry: parts.registry, repository: parts.repository, version: parts.digest ?? parts.tag ?? 'latest' }
}

export const registryOf = (reference: string): string => parseImageReference(reference).registry

interface Parts {
  readonly registry: string
  readonly repository: string
  readonly digest: string | null
  readonly tag: string | null
}

function partsOf(reference: string): Parts | null {
  const slash = reference.indexOf('/')
  if (slash < 1) return null
  const [named = '', digest = null] = splitOnce(reference.slice(slash + 1), '@')
  const [repository = '', tag = null] = splitOnce(named, ':')
  return { registry: reference.slice(0, slash), repository, digest, tag }
}

function splitOnce(text: string, separator: string): [string, string | null] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)]
}
