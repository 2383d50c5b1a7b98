import type { MongoClient } from 'mongodb'
import type { Log } from '../../kernel/plugin.ts'

/** A heartbeat that was sent, and has no answer yet. */
interface Heartbeat {
  readonly sentAtMs: number
  /** After so long the SDK would have told that it failed. */
  readonly withinMs: number
}

/** The SDK's own timers come first. */
const slackMs = 500

/**
 * Connects anew where the SDK's monitor of a server hangs, which calls cannot tell from a server that is down. Seen in 7.8: a heartbeat
 * written to a socket that was destroyed, and has not said so yet, waits for its `drain` for ever; a server that tells a
 * `topologyVersion` has its monitor restarted by the next network error, and no other has.
 */
export class Monitoring {
  readonly #client: MongoClient
  readonly #log: Log
  readonly #connectTimeoutMs: number
  /** By the server's address; those that are known alone. */
  readonly #heartbeats = new Map<string, Heartbeat>()
  readonly #answered = new Set<string>()
  /** Whether a server is known that takes calls; all are sent to a primary, or to what stands in for one. */
  #servable = false
  /** It could not be connected anew. */
  #apart = false
  #connecting: Promise<void> | undefined
  #closed = false

  constructor(client: MongoClient, connectTimeoutMs: number, log: Log) {
    this.#client = client
    this.#log = log
    this.#connectTimeoutMs = connectTimeoutMs
    client.on('serverHeartbeatStarted', ({ connectionId, awaited }) => this.#heartbeats.set(connectionId, { sentAtMs: performance.now(), withinMs: this.#withinMs(connectionId, awaited) }))
    client.on('serverHeartbeatSucceeded', ({ connectionId }) => {
      this.#answered.add(connectionId)
      this.#heartbeats.delete(connectionId)
    })
    client.on('serverHeartbeatFailed', ({ connectionId }) => this.#forget(connectionId))
    client.on('serverClosed', ({ address }) => this.#forget(address))
    client.on('topologyDescriptionChanged', ({ newDescription }) => {
      this.#servable = [...newDescription.servers.values()].some(({ isWritable }) => isWritable)
    })
  }

  /** For a call that found no server. It does not wait for what comes of it; calls meanwhile fail as that one did. */
  unreachable(): void {
    if (this.#closed || this.#connecting || !(this.#apart || this.#hangs())) return
    if (!this.#apart) this.#log.warn({}, 'a heartbeat is neither answered nor refused; connecting anew')
    this.#connecting = this.#connectAnew().finally(() => {
      this.#connecting = undefined
    })
  }

  /** For a call whose deadline passed: one that is shorter than a server is looked for ends before the SDK says that there is none. */
  late(): void {
    if (!this.#servable) this.unreachable()
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#client.close()
    if (!this.#connecting) return
    await this.#connecting
    await this.#client.close()
  }

  #hangs(): boolean {
    const nowMs = performance.now()
    return [...this.#heartbeats.values()].some(({ sentAtMs, withinMs }) => nowMs - sentAtMs > withinMs)
  }

  async #connectAnew(): Promise<void> {
    try {
      await this.#client.close()
      await this.#client.connect()
      this.#apart = false
      this.#log.info({}, 'connected anew')
    } catch {
      // The next call that finds no server tries again.
      this.#apart = true
    }
  }

  #forget(address: string): void {
    this.#answered.delete(address)
    this.#heartbeats.delete(address)
  }

  /** To connect, and to greet, may take a connectTimeout each; a server may keep an awaited answer back for a heartbeat's time. */
  #withinMs(address: string, awaited: boolean): number {
    return this.#connectTimeoutMs * (this.#answered.has(address) ? 1 : 2) + slackMs + (awaited ? this.#client.options.heartbeatFrequencyMS : 0)
  }
}
