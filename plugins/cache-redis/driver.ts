import { randomUUID } from 'node:crypto'
import type { Call } from '../../kernel/plugin.ts'
import type { CacheDriver, CacheFill, CacheFillWant, CacheRow, CacheSelection, CacheSignals, CacheWrite } from '../../kernel/ports/cache/index.ts'
import type { RedisConnection, RedisReply, RedisScript } from '../../kernel/ports/redis/index.ts'
import { digest, Names, tagsText } from './names.ts'
import { Reads } from './reads.ts'
import { restOf } from './row.ts'
import { beginScript, endScript } from './scripts/fills.ts'
import { prefixScript, tagsScript } from './scripts/invalidate.ts'
import { writeScript } from './scripts/rows.ts'

/**
 * A row is a text under the digest of its key, and goes by the server's clock. Each verb is one round trip: a script, but for reads.
 * @see docs/decisions/0052-invalidations-are-stamps.md
 */
export class RedisCache implements CacheDriver {
  readonly signals: CacheSignals
  readonly #connection: RedisConnection
  readonly #names: Names
  readonly #reads: Reads
  readonly #maxAgeMs: number

  constructor(connection: RedisConnection, binding: string, maxAgeMs: number) {
    this.#connection = connection
    this.#names = new Names(connection, binding)
    this.#reads = new Reads(connection, this.#names)
    this.#maxAgeMs = maxAgeMs
    const { channel } = this.#names
    this.signals = { send: (text) => { connection.signals.send(channel, text) }, on: (listener) => connection.signals.on(channel, listener) }
  }

  read(keys: readonly string[], call: Call): Promise<readonly (CacheRow | undefined)[]> {
    return this.#reads.read(keys, call)
  }

  async write({ key, value, freshMs, staleMs, keepMs = Number.POSITIVE_INFINITY, tags, fill }: CacheWrite, call: Call): Promise<boolean> {
    const lifeMs = Math.min(freshMs === null ? this.#maxAgeMs : freshMs + staleMs, keepMs)
    const stored = await this.#run(
      writeScript,
      [this.#names.state, this.#names.row(key), this.#names.fills(key)],
      [key, newId(), freshMs === null ? '-' : String(freshMs), String(lifeMs), fill?.token ?? '', tagsText(tags), restOf(value, tags)],
      call,
    )
    return stored === 1
  }

  async delete(key: string, call: Call): Promise<void> {
    await this.#connection.command(['UNLINK', this.#names.row(key), this.#names.fills(key)], 'write', call)
  }

  async invalidate(selection: CacheSelection, call: Call): Promise<void> {
    const { state } = this.#names
    if ('all' in selection) await this.#connection.command(['UNLINK', state], 'write', call)
    else if ('prefix' in selection) await this.#run(prefixScript, [state], [selection.prefix], call)
    else await this.#run(tagsScript, [state], selection.tags.map(digest), call)
  }

  async beginFill({ key, tags, holdMs, alone }: CacheFillWant, call: Call): Promise<CacheFill | undefined> {
    const token = newId()
    const begun = await this.#run(
      beginScript,
      [this.#names.state, this.#names.fills(key)],
      [key, newId(), token, String(holdMs), alone ? '1' : '0', tagsText(tags)],
      call,
    )
    return begun === 1 ? { token } : undefined
  }

  async endFill(key: string, { token }: CacheFill, call: Call): Promise<void> {
    await this.#connection.run(endScript, [this.#names.fills(key)], [token], call)
  }

  /** A script that looks at the state. */
  #run(script: RedisScript, keys: readonly string[], values: readonly string[], call: Call): Promise<RedisReply> {
    return this.#connection.run(script, keys, [...values, this.#connection.serverRun], call)
  }
}

/** A name that nobody else ever has. */
function newId(): string {
  return randomUUID()
}
