/** `registry.example/team/name:tag` or `...@sha256:digest`, taken apart. */

export interface ImageReference {
  readonly registry: string
  readonly repository: string
  /** A tag or a digest. */
  readonly version: string
}

const FORM =
  /^(?<registry>[^/]+)\/(?<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?:@(?<digest>sha256:[0-9a-f]{64})|:(?<tag>[\w][\w.-]{0,127}))?$/

export function parseImageReference(reference: string): ImageReference {
  const parts = FORM.exec(reference)?.groups
  const { registry, repository, digest, tag } = parts ?? {}
  if (registry === undefined || repository === undefined)
    throw new Error(`"${reference}" is not an image; LOADGEN_IMAGE must read <registry>/<name>@sha256:<digest>`)
  return { registry, repository, version: digest ?? tag ?? 'latest' }
}

export const registryOf = (reference: string): string => parseImageReference(reference).registry
