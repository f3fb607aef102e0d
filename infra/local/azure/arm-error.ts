/** An answer of Azure Resource Manager that is an error, in the words of the real one. */
export class ArmError extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string, message: string) {
    super(message)
    this.name = 'ArmError'
    this.status = status
    this.code = code
  }
}

export const errorBody = (code: string, message: string) => ({ error: { code, message } })

export const resourceNotFound = (type: string, name: string, resourceGroup: string) =>
  new ArmError(
    404,
    'ResourceNotFound',
    `The Resource '${type}/${name}' under resource group '${resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
  )
