/** How much the fault tests do: `npm run test:faults` is the whole, and `FAULTS=small`, as in CI, a part of each. */
const small = process.env['FAULTS'] === 'small'

/** How often each backend is killed, stopped or paused. */
export const rounds = Number(process.env['FAULT_ROUNDS'] ?? (small ? 1 : 20))
/** How many workers and servers of a queue are killed on each backend, half of them of each. */
export const queueKills = Number(process.env['FAULT_QUEUE_KILLS'] ?? (small ? 12 : 200))
/** How long a backend is paused. */
export const pauseMs = Number(process.env['FAULT_PAUSE_MS'] ?? 2_000)
/** How many holders of a lock are stopped past its time, on each backend. */
export const lockStops = Number(process.env['FAULT_LOCK_STOPS'] ?? (small ? 4 : 100))
/** How often a process is killed while it hands over what its outbox kept. */
export const outboxKills = Number(process.env['FAULT_OUTBOX_KILLS'] ?? (small ? 5 : 20))
