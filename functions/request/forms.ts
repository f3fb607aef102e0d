/** A form of names, as a field of the request. */
import * as z from 'zod'
import type { NameForm } from '../platform/names.ts'

export const inForm = ({ expected, problemOf }: NameForm) =>
  z.string({ error: expected }).refine((text) => problemOf(text) === null, {
    error: ({ input }) => {
      const hint = typeof input === 'string' ? problemOf(input) : null
      return hint ? `${expected}; ${hint}` : expected
    },
  })
