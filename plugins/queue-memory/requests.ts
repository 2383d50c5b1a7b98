import { OrderedMap } from '../../kernel/ports/ordered-map.ts'
import { timeKey } from './kept-job.ts'

/** How long the answer to a lease request is kept. */
const keepMs = 600_000
/** What V8 takes for one: its name is 255 characters at most. */
export const requestBytes = 1_000

interface Request {
  readonly name: string
  readonly token: string
  readonly untilMs: number
}

/** Lease requests with a `requestId`, and the lease that each got. */
export class Requests {
  readonly #byName = new Map<string, Request>()
  readonly #byEnd = new OrderedMap<Request>()

  get sizeBytes(): number {
    return this.#byName.size * requestBytes
  }

  /** The token of the lease. */
  get(queue: string, requestId: string, nowMs: number): string | undefined {
    const request = this.#byName.get(nameOf(queue, requestId))
    return request && request.untilMs > nowMs ? request.token : undefined
  }

  keep(queue: string, requestId: string, token: string, nowMs: number): void {
    const request = { name: nameOf(queue, requestId), token, untilMs: nowMs + keepMs }
    const before = this.#byName.get(request.name)
    if (before) this.#drop(before)
    this.#byName.set(request.name, request)
    this.#byEnd.set(timeKey(request.untilMs, request.name), request)
  }

  earliest(): number | undefined {
    return this.#byEnd.first()?.untilMs
  }

  sweep(nowMs: number): void {
    for (const request of [...this.#byEnd.values({ upper: { key: timeKey(nowMs + 1, ''), open: true }, reverse: false })]) this.#drop(request)
  }

  clear(): void {
    this.#byName.clear()
    this.#byEnd.clear()
  }

  #drop(request: Request): void {
    this.#byName.delete(request.name)
    this.#byEnd.delete(timeKey(request.untilMs, request.name))
  }
}

function nameOf(queue: string, requestId: string): string {
  // No queue's name has a slash.
  return `${queue}/${requestId}`
}
