/** Tags of a container group: whose it is, and when anybody may delete it. The sweeper touches nothing without both. */
export const DRILL_TAG = 'pg-failover-drill'
export const CONTAINER_TAG = 'pg-failover-drill-container'
export const EXPIRES_TAG = 'expires-at'
