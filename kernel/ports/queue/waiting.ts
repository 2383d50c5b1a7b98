import type { Clock } from '../../clock.ts'

interface Waiter {
  readonly go: () => void
}

interface Line {
  readonly waiters: Set<Waiter>
  /** Counts wake-ups, so that one which came while a caller was looking is not missed. */
  wakes: number
}

/**
 * Who waits for jobs, in line by queue. A wake-up lets one go; whoever got a job lets the next one go (`pass`), so
 * that one job does not send a thousand callers to the backend.
 */
export class Waiting {
  readonly max: number
  readonly #clock: Clock
  readonly #lines = new Map<string, Line>()
  #count = 0
  #turn = 0

  constructor(clock: Clock, max: number) {
    this.#clock = clock
    this.max = max
  }

  get full(): boolean {
    return this.#count >= this.max
  }

  get any(): boolean {
    return this.#count > 0
  }

  /** What `wait` compares: take it before looking for jobs. */
  wakes(queue: string): number {
    return this.#line(queue).wakes
  }

  wake(queue: string): void {
    const line = this.#line(queue)
    line.wakes++
    this.#letGo(line)
  }

  /** There may be more where this caller's jobs came from. */
  pass(queue: string): void {
    this.#letGo(this.#line(queue))
  }

  /** At most `max` of the queues that someone waits on, others the next time. */
  some(max: number): readonly string[] {
    const queues = [...this.#lines].filter(([, line]) => line.waiters.size > 0).map(([queue]) => queue)
    return queues.slice(0, max).map(() => queues[this.#turn++ % queues.length] ?? '')
  }

  wakeSome(max: number): void {
    for (const queue of this.some(max)) this.wake(queue)
  }

  /** Answers when woken, after `forMs`, or when the signal aborts; at once when `since` is no longer the number of wake-ups. */
  wait(queue: string, since: number, forMs: number, signal: AbortSignal): Promise<void> {
    const line = this.#line(queue)
    if (line.wakes !== since || signal.aborted) return Promise.resolve()

    return new Promise((resolve) => {
      const leave = () => {
        if (!line.waiters.delete(waiter)) return
        this.#count--
        takeBack()
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const waiter: Waiter = { go: leave }
      const takeBack = this.#clock.after(forMs, leave)
      line.waiters.add(waiter)
      this.#count++
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  /** Lets everyone go. */
  close(): void {
    for (const line of this.#lines.values()) for (const waiter of [...line.waiters]) waiter.go()
  }

  #line(queue: string): Line {
    let line = this.#lines.get(queue)
    if (!line) this.#lines.set(queue, (line = { waiters: new Set(), wakes: 0 }))
    return line
  }

  #letGo(line: Line): void {
    const [first] = line.waiters
    first?.go()
  }
}
