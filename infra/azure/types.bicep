// Types of several modules.

@export()
@description('Tags of every resource: project and environment.')
type Tags = { *: string }
