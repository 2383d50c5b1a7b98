import { SHARE_ENV, Worker } from 'node:worker_threads'
import type { Log } from '../../kernel/plugin.ts'
import type { WorkerData } from './protocol.ts'
import { ready } from './protocol.ts'

/** A thread that ends this often within a minute is given up until the minute is over. */
const mostCrashes = 5
const crashWindowMs = 60_000

/** What comes and goes with each message does not outlive it; V8 would let it take 96 MiB before it looks. */
const maxYoungGenerationSizeMb = 12

// The compiled package has .js files, a checkout .ts: Node never rewrites a path that is made at run time.
const workerUrl = new URL(`./worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url)

export interface ThreadEvents {
  ready(): void
  message(answer: unknown): void
  /** The thread has ended without being told to; what it was sent may or may not have been done. */
  crashed(): void
}

/** One worker thread: started when asked, and again after it crashed. It holds the process only between `hold` and `rest`. */
export class Thread {
  readonly #workerData: WorkerData
  readonly #log: Log
  readonly #events: ThreadEvents
  readonly #crashes: number[] = []
  #worker: Worker | undefined
  #ready = false
  #closing = false

  constructor(workerData: WorkerData, log: Log, events: ThreadEvents) {
    this.#workerData = workerData
    this.#log = log
    this.#events = events
  }

  get isReady(): boolean {
    return this.#ready
  }

  /** True while it has crashed too often to be started again. */
  get hasFailed(): boolean {
    const recent = performance.now() - crashWindowMs
    while (this.#crashes[0] !== undefined && this.#crashes[0] < recent) this.#crashes.shift()
    return this.#crashes.length >= mostCrashes
  }

  /** Starts it unless it runs; `ready` tells when it takes messages. */
  start(): void {
    if (this.#worker || this.#closing || this.hasFailed) return
    const worker = new Worker(workerUrl, { workerData: this.#workerData, env: SHARE_ENV, resourceLimits: { maxYoungGenerationSizeMb }, name: `sqlite-${this.#workerData.role}` })
    this.#worker = worker
    worker.on('message', (answer: unknown) => {
      if (answer !== ready) return this.#events.message(answer)
      this.#ready = true
      this.#events.ready()
    })
    worker.on('error', (error: unknown) => this.#log.error({ err: error, thread: this.#workerData.role }, 'a database thread failed'))
    worker.on('exit', (exitCode) => this.#ended(exitCode))
  }

  post(message: unknown): void {
    this.#worker?.postMessage(message)
  }

  hold(): void {
    this.#worker?.ref()
  }

  rest(): void {
    this.#worker?.unref()
  }

  /** Lets it close its handle, and answers when it has ended. */
  async close(): Promise<void> {
    this.#closing = true
    const worker = this.#worker
    if (!worker) return
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    worker.ref()
    worker.postMessage('close')
    await ended
  }

  #ended(exitCode: number): void {
    this.#worker = undefined
    this.#ready = false
    if (this.#closing) return
    this.#crashes.push(performance.now())
    this.#log.error({ thread: this.#workerData.role, exitCode, crashes: this.#crashes.length }, 'a database thread ended unexpectedly')
    this.#events.crashed()
  }
}
