/** A manifest name, as of a connection, a policy, or the second half of a binding. */
export const namePattern = '^[a-z][a-z0-9_-]{0,39}$'
