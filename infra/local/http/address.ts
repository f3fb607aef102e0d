/** The address of an app, as it is typed or copied from a browser. */
import * as z from 'zod'

export interface AppAddress {
  /** Ends with /api. */
  readonly apiUrl: string
  /** As it is given to --app again. */
  readonly shown: string
  readonly host: string
  readonly port: string
  readonly isLoopback: boolean
}

const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** Null address: the problem says what is wrong, without a piece of the text, which may hold a key. */
export function readAddress(text: string): { readonly address: AppAddress } | { readonly problem: string } {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    return { problem: 'the address of an app, such as https://func-drill.azurewebsites.net' }
  const url = new URL(text)
  const isLoopback = LOOPBACK.test(url.hostname)
  if (url.username !== '' || url.password !== '') return { problem: 'an address without a login in it' }
  if (url.search !== '' || url.hash !== '')
    return { problem: 'an address that ends before its ? or #: the key belongs into DRILL_FUNCTION_KEY' }
  if (url.protocol === 'http:' && !isLoopback)
    return {
      problem: 'https://, because over http:// the key could be read on its way; http:// is for this machine alone',
    }
  const path = url.pathname.replace(/\/+$/, '').replace(/\/api(?:\/dashboard)?$/, '')
  const shown = `${url.origin}${path}`
  return { address: { apiUrl: `${shown}/api`, shown, host: url.host, port: url.port, isLoopback } }
}

export const addressSchema = z.string().transform((text, context): AppAddress => {
  const read = readAddress(text)
  if ('address' in read) return read.address
  context.issues.push({ code: 'custom', message: read.problem, input: text })
  return z.NEVER
})
