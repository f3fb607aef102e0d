// Shapes that several modules share.

@export()
@description('Tags of every resource: which project, which environment.')
type Tags = { *: string }
