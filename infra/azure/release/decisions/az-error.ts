/** Errors of the Azure CLI: the codes in what it prints, and which of them pass by themselves. */
import { CannotRun } from '../../../local/process/problem.ts'

/** A command of the Azure CLI ended with an error. */
export class AzError extends CannotRun {
  readonly codes: readonly string[]
  readonly exitCode: number

  constructor(command: string, exitCode: number, stderr: string) {
    super(`az ${command}: ${messageIn(stderr)}`)
    this.name = 'AzError'
    this.exitCode = exitCode
    this.codes = codesIn(stderr)
  }
}

/** In the order of appearance: "(Code) text", a line "Code: x", or the JSON of a Resource Manager error, also when it is nested. */
export function codesIn(stderr: string): string[] {
  const found = [
    ...stderr.matchAll(/\((\w{4,})\) /g),
    ...stderr.matchAll(/^\s*Code: (\w+)/gm),
    ...stderr.matchAll(/\\*"code\\*":\s*\\*"(\w+)/g),
  ]
  return [...new Set(found.map(([, code]) => code ?? ''))]
}

const MAX_MESSAGE = 1_500

function messageIn(stderr: string): string {
  const lines = stderr.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('WARNING'))
  const text = lines.join(' ').replace(/^ERROR: /, '')
  return text === '' ? 'ended with an error and no message' : text.slice(0, MAX_MESSAGE)
}

const isOneOf =
  (...codes: readonly string[]) =>
  (error: unknown): boolean =>
    error instanceof AzError && error.codes.some((code) => codes.includes(code))

/** The resource, or the whole deployment, does not exist. Some services answer without a code. */
export const isMissing = (error: unknown): boolean =>
  hasMissingCode(error) || (error instanceof AzError && / Not Found\(/.test(error.message))

const hasMissingCode = isOneOf(
  'ResourceNotFound',
  'ResourceGroupNotFound',
  'DeploymentNotFound',
  'NotFound',
  'SecretNotFound',
  'VaultNotFound',
)

/**
 * A new server refuses changes while its standby is built (Azure/azure-postgresql issue 134), and every server does during another
 * change. Resource Manager does not repeat such a request.
 */
export const isBusy = isOneOf(
  'ServerIsBusy',
  'AnotherOperationInProgress',
  'OperationInProgress',
  'Conflict',
  'InternalServerError',
  'TooManyRequests',
  'GatewayTimeout',
)

/** A role or an identity of the same template is not known everywhere yet: the same deployment succeeds minutes later. */
export const isNotReplicated = isOneOf('RoleDefinitionDoesNotExist', 'PrincipalNotFound', 'ServerIsBusy')

/** A subnet stays in use for minutes after its last container (Azure/azure-quickstart-templates issue 5450). */
export const isStillInUse = isOneOf(
  'InUseSubnetCannotBeDeleted',
  'SubnetIsDelegated',
  'RoleDefinitionHasAssignments',
  'AnotherOperationInProgress',
  'Conflict',
)

/** The account may not look there. */
export const isForbidden = isOneOf('AuthorizationFailed', 'LinkedAuthorizationFailed', 'Forbidden')

/** Docker Hub limits pulls by address, and registry and subscription limit their own requests. */
export const isLimited = (error: unknown): boolean =>
  error instanceof AzError &&
  (isBusy(error) || /toomanyrequests|rate limit|429|timed? ?out|temporarily|503|502/i.test(error.message))
