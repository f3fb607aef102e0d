// Types of several modules.

@export()
@description('Tags of every resource: project and environment.')
type Tags = { *: string }

@export()
@description('One more server. Every field but the first two may be left out: then the server has what the parameters give the first.')
@sealed()
type MoreServer = {
  @description('What requests call it: lower-case letters, digits and hyphens.')
  name: string
  @description('Resource id of an existing flexible server in this subscription.')
  id: string
  @description('privateEndpoint (default), or another of the values of existingServerAccess.')
  access: ('privateEndpoint' | 'publicEndpoint' | 'virtualNetwork')?
  @description('Where it is not its name in the cloud.')
  host: string?
  database: string?
  @description('Of its daily drill: six-field NCRONTAB, UTC. Left out: no daily drill.')
  schedule: string?
  dailyRequest: object?
  requestDefaults: object?
  stopAfterFailures: int?
  @description('Role of the app, and the secret in the vault with its password, which its owner writes.')
  user: string?
  passwordSecret: string?
  loadUser: string?
  loadPasswordSecret: string?
  @description('For the alerts; 5000 where it is left out.')
  maxConnections: int?
}
