/** Holds a schema to the type that the code answers with: the compiler refuses a field too many, too few or of another type. */
import type * as z from 'zod'

/** Read-only throughout, and an intersection as one object. */
type Plain<T> = T extends readonly (infer Element)[]
  ? ReadonlyArray<Plain<Element>>
  : T extends object
    ? { readonly [Key in keyof T]: Plain<T[Key]> }
    : T

type IsSame<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false

export const exactly =
  <Type>() =>
  <Schema extends z.ZodType>(
    schema: Schema & (IsSame<Plain<z.infer<Schema>>, Plain<Type>> extends true ? unknown : never),
  ): Schema =>
    schema
