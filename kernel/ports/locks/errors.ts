import { errorsOf, type ErrorTable } from '../../errors.ts'

export const locksErrors = {
  LOCK_HELD: {
    status: 409, retryable: true, title: 'Lock held',
    detail: (at: { name: string }) => `${at.name} is held by another, and did not come free in the time that was waited; try again, or wait longer with waitMs`,
  },
  LOCK_LOST: {
    status: 409, retryable: false, title: 'Lock lost',
    detail: (at: { name: string }) => `the lock ${at.name} is not held under this token any more; another may hold it, and nothing was changed`,
  },
  LOCK_TOO_MANY_WAITING: {
    status: 503, retryable: true, title: 'Too many waiting',
    detail: (at: { binding: string; max: number }) => `${at.max} callers wait for locks of ${at.binding} already; wait a moment, or acquire without waitMs`,
  },
  LOCK_FULL: {
    status: 507, retryable: true, title: 'Too many locks',
    detail: (at: { binding: string; max: number }) => `${at.max} locks of ${at.binding} are held already; release some, or raise maxLocks`,
  },
} as const satisfies ErrorTable

export const lockError = errorsOf(locksErrors)
