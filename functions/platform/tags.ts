/** Tags of a container group: its drill, its container, and when it may be deleted. The sweeper deletes nothing without drill and time. */
export const DRILL_TAG = 'pg-failover-drill'
export const CONTAINER_TAG = 'pg-failover-drill-container'
export const EXPIRES_TAG = 'expires-at'
