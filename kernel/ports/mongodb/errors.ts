import { errorsOf, type ErrorTable } from '../../errors.ts'

export const mongoErrors = {
  DATABASE_NO_TRANSACTIONS: {
    status: 400, retryable: false, title: 'No transactions',
    detail: (at: { connection: string }) => `${at.connection} is a MongoDB that stands alone, which changes one document at a time; what changes several together needs a replica set`,
  },
} as const satisfies ErrorTable

export const mongoError = errorsOf(mongoErrors)
