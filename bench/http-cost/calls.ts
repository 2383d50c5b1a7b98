import { value } from '../document.ts'

/** What is asked of the server process over IPC; it answers the CPU that it used, in microseconds: for the calls, or since it began. */
export type Order = { readonly task: Task; readonly calls: number } | 'usage'

/** Where the server process listens: Portico, and a server of `node:http` alone that answers the same texts. */
export interface Urls {
  readonly portico: string
  readonly bare: string
}

export type Task = keyof typeof tasks

export const documents = 2_000
export const callers = 16

const query = { where: { status: 'paid' }, orderBy: ['-number'], limit: 50 }
const numbered = (number: number) => ({ ...value, number })

/** One call of each operation, as both ways say it. */
export const tasks = {
  get: (number: number) => ({ method: 'GET', path: `/orders/o${number}`, body: undefined, operation: 'get', input: { id: `o${number}` } }),
  put: (number: number) => ({ method: 'PUT', path: `/orders/o${number}`, body: JSON.stringify(numbered(number)), operation: 'put', input: { id: `o${number}`, value: numbered(number) } }),
  find: () => ({ method: 'POST', path: '/orders/_find', body: JSON.stringify(query), operation: 'find', input: query }),
} as const

/** Runs `calls` calls, `callers` at a time, no two of them of one record. */
export async function inTurn(calls: number, call: (number: number) => Promise<unknown>): Promise<void> {
  let started = 0
  await Promise.all(Array.from({ length: callers }, async () => {
    while (started < calls) await call((started++ * 7) % documents)
  }))
}
