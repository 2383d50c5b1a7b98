import type { Json } from '../../kernel/plugin.ts'
import { callKey, maskAt, readPointer, type Exchange, type Pointer } from '../../kernel/ports/integrations/index.ts'
import type { Recorded } from './recording.ts'

/** An exchange that may be the one, and what is masked in its input. */
export interface Candidate extends Recorded {
  readonly pointers: readonly Pointer[]
}

/** Exchanges in which the same is masked, by the key of the call. */
interface Group {
  readonly pointers: readonly Pointer[]
  readonly byKey: Map<string, Turns>
}

/** The exchanges of one call: each once in their order, then the last one for ever. */
interface Turns {
  readonly exchanges: Exchange[]
  next: number
}

interface Operation {
  readonly candidates: Candidate[]
  readonly groups: Map<string, Group>
}

/** The exchanges of a recording, found by operation and input. */
export class Exchanges {
  readonly #operations = new Map<string, Operation>()

  constructor(recorded: readonly Recorded[]) {
    for (const one of recorded) this.#add(one)
  }

  get operations(): readonly string[] {
    return [...this.#operations.keys()]
  }

  /** All of one operation, in the order of the recording. */
  candidates(operation: string): readonly Candidate[] {
    return this.#operations.get(operation)?.candidates ?? []
  }

  /** The next exchange of this very call. */
  take(operation: string, input: Json): Exchange | undefined {
    for (const { pointers, byKey } of this.#operations.get(operation)?.groups.values() ?? []) {
      const turns = byKey.get(callKey(operation, maskAt(input, pointers)))
      if (turns) return turns.exchanges[Math.min(turns.next++, turns.exchanges.length - 1)]
    }
    return undefined
  }

  #add({ line, exchange }: Recorded): void {
    const { operation: name, input, masked = [] } = exchange
    const operation = getOrMake(this.#operations, name, () => ({ candidates: [], groups: new Map() }))
    const group = getOrMake(operation.groups, JSON.stringify(masked), () => ({ pointers: masked.map((pointer) => readPointer(pointer).slice(1)), byKey: new Map() }))
    operation.candidates.push({ line, exchange, pointers: group.pointers })
    // Masked again: a line that a person wrote may hold what it says is masked.
    getOrMake(group.byKey, callKey(name, maskAt(input, group.pointers)), () => ({ exchanges: [], next: 0 })).exchanges.push(exchange)
  }
}

function getOrMake<V>(map: Map<string, V>, key: string, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
