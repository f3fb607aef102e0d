/** What the parts of report.json are built of: `null` is "not measured". */
import * as z from 'zod'

/** A shape that occurs more than once: report.schema.json defines it once, under this id. */
export const shape = <Fields extends z.ZodRawShape>(id: string, fields: Fields) => z.object(fields).meta({ id })

export const nullableNumber = z.number().nullable()
export const iso = z.iso.datetime({ precision: 3 }).meta({ id: 'Instant' })
export const nullableIso = iso.nullable()
