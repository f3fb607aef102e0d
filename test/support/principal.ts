/** The header in which the platform's authentication reports who calls, as it writes it. */

interface Login {
  readonly roles?: readonly string[]
  readonly provider?: string
  /** Further claims: type and value. */
  readonly claims?: ReadonlyArray<readonly [typ: string, val: string]>
}

export const OBJECT_ID = 'aaaaaaaa-1111-2222-3333-444444444444'
const SHORT = 'roles'
export const LONG = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role'

export function principalHeader({ roles = [], provider = 'aad', claims = [] }: Login, roleClaim = SHORT): string {
  const principal = {
    auth_typ: provider,
    claims: [
      { typ: 'aud', val: 'api://drill' },
      { typ: 'http://schemas.microsoft.com/identity/claims/objectidentifier', val: OBJECT_ID },
      ...roles.map((val) => ({ typ: roleClaim, val })),
      ...claims.map(([typ, val]) => ({ typ, val })),
    ],
    name_typ: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
    role_typ: 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role',
  }
  return base64(JSON.stringify(principal))
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64')
