import type { Bound } from './binding/bound.ts'
import type { StartedBinding } from './binding/bind.ts'
import { OperationCall } from './binding/call.ts'
import type { Instruments } from './binding/instruments.ts'
import { prometheusText } from './binding/prometheus.ts'
import { makeUnit, type Unit } from './binding/unit.ts'
import type { CallOptions } from './call.ts'
import type { Clock } from './clock.ts'
import type { Container } from './container.ts'
import type { CloseStack } from './lifecycle/close-stack.ts'
import type { Started } from './lifecycle/start.ts'
import type { StartedStep } from './lifecycle/start-parts.ts'
import type { Log } from './log.ts'
import type { Manifest } from './manifest/types.ts'
import type { Redaction } from './redaction.ts'
import type { Server } from './server/server.ts'
import { kernelVersion } from './version.ts'
import type { WorkerState } from './workers/worker.ts'
import type { Workers } from './workers/workers.ts'

/** A unit of work in the application's hands: hand it to operations as `{ unit }`, then commit it once. */
export interface UnitOfWork extends Unit {
  /** Applies everything that was staged, or nothing; durable when answered. */
  commit(options?: CallOptions): Promise<void>
}

interface KernelParts {
  readonly manifest: Manifest
  readonly started: Started
  readonly container: Container
  readonly closing: CloseStack
  readonly workers: Workers
  readonly instruments: Instruments
  readonly clock: Clock
  readonly log: Log
  readonly redaction: Redaction
  readonly insecureListen: boolean
}

/** A running kernel: every binding of the manifest is started. */
export class Kernel {
  readonly manifest: Manifest
  /** Every binding, registered under its name. */
  readonly container: Container
  /** The bindings as objects: `ports.storage`, `ports['storage.reports']`. */
  readonly ports: Bound
  readonly bindings: ReadonlyMap<string, StartedBinding>
  readonly steps: readonly StartedStep[]
  readonly startedAt: Date
  readonly #parts: KernelParts
  #server: Promise<Server> | undefined
  #draining = false

  constructor(parts: KernelParts) {
    this.#parts = parts
    this.manifest = parts.manifest
    this.container = parts.container
    this.bindings = parts.started.bindings
    this.steps = parts.started.steps
    this.startedAt = new Date(parts.clock.now())
    // The faces follow the manifest, which types cannot see; `Bound` says what each name would be.
    this.ports = Object.freeze(Object.fromEntries(Array.from(this.bindings, ([name, { face }]) => [name, face]))) as Bound
  }

  /** An empty unit of work for bindings on one connection. */
  unit(): UnitOfWork {
    const unit = makeUnit()
    return {
      join: unit.join,
      get committed() { return unit.committed },
      commit: (options) => unit.commit(new OperationCall(options, 0)),
    }
  }

  /** The HTTP host, made at its first use; `listen` starts it, `portico/fastify` forwards to it. */
  server(): Promise<Server> {
    return (this.#server ??= this.#makeServer().catch((error: unknown) => { throw this.#parts.redaction.value(error) }))
  }

  /** Starts listening where the manifest says; answers the URL. */
  async listen(): Promise<{ readonly url: string }> {
    return (await this.server()).listen()
  }

  /**
   * Stops accepting calls and taking jobs, finishes what is in flight within `server.drainTimeout`, then closes the
   * bindings, last first. A job that is not done by then is given back, and its attempt is not counted.
   * Answers how many closers failed; each is logged. Calling it again answers the same.
   */
  async close(): Promise<number> {
    this.#draining = true
    // A server that could not be made has nothing to drain; what had started is closed all the same.
    const server = await this.#server?.catch(() => undefined)
    const { drainTimeoutMs } = this.manifest.server
    await Promise.all([server?.drain(drainTimeoutMs), this.#parts.workers.drain(drainTimeoutMs)])
    return this.#parts.closing.run()
  }

  /** What works on queues in this process: handlers of extensions, and deliveries. */
  get workers(): readonly WorkerState[] {
    return this.#parts.workers.states
  }

  /** The Prometheus text of everything that is counted. What only a backend knows (how many jobs wait) is as it was of late. */
  async metrics(): Promise<string> {
    await this.#parts.instruments.look(this.#parts.clock)
    const { user, system } = process.cpuUsage()
    const bindings = Array.from(this.bindings.values(), ({ name, plugin, state }) => ({ name, plugin: plugin.name, state }))
    return prometheusText(this.#parts.instruments.called(), bindings, {
      uptimeSeconds: process.uptime(), residentBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1_000_000,
    }, this.#parts.instruments.ofPorts)
  }

  async #makeServer(): Promise<Server> {
    const { makeServer } = await import('./server/server.ts')
    const { log, clock, insecureListen, started } = this.#parts
    const { name, path, sha256, server: spec } = this.manifest
    return makeServer({
      spec, log, clock, insecureListen,
      about: { name, version: kernelVersion, manifest: { path, sha256 }, startedAt: this.startedAt },
      bindings: this.bindings,
      extensions: started.extensions,
      ready: () => !this.#draining,
      metrics: () => this.metrics(),
      workers: () => this.workers,
    })
  }
}
