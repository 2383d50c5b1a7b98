import type { Collection } from 'mongodb'
import type { Call } from '../../kernel/plugin.ts'
import type { Commands } from './commands.ts'
import { internalCall } from './calls.ts'
import { isDuplicate } from './faults.ts'
import type { Kept } from './kept.ts'
import type { LockStore } from './lock.ts'

const commandMs = 4_000

/** Locks by name, a document each: who holds it, when that was last heard of, and until when it holds, in the server's time. */
export class LockCollection implements LockStore {
  readonly #locks: Collection<Kept>
  readonly #commands: Commands
  readonly #now: (call: Call) => Promise<number>

  constructor(locks: Collection<Kept>, commands: Commands, now: (call: Call) => Promise<number>) {
    this.#locks = locks
    this.#commands = commands
    this.#now = now
  }

  async take(name: string, owner: string, leaseMs: number, call: Call): Promise<boolean> {
    const nowMs = await this.#now(call)
    return this.#commands.write(call, async (limits) => {
      try {
        // Where another holds it, nothing matches, and the insert in its place meets its id.
        await this.#locks.updateOne({ _id: name, until: { $lte: new Date(nowMs) } }, { $set: { owner, ...term(nowMs, leaseMs) } }, { ...limits, upsert: true })
        return true
      } catch (error) {
        if (isDuplicate(error)) return false
        throw error
      }
    })
  }

  async extend(name: string, owner: string, leaseMs: number): Promise<void> {
    const call = internalCall(commandMs)
    const nowMs = await this.#now(call)
    await this.#commands.write(call, (limits) => this.#locks.updateOne({ _id: name, owner }, { $set: term(nowMs, leaseMs) }, limits))
  }

  async free(name: string, owner: string): Promise<void> {
    await this.#commands.write(internalCall(commandMs), (limits) => this.#locks.deleteOne({ _id: name, owner }, limits))
  }
}

function term(nowMs: number, leaseMs: number): { readonly heartbeatAt: Date; readonly until: Date } {
  return { heartbeatAt: new Date(nowMs), until: new Date(nowMs + leaseMs) }
}
