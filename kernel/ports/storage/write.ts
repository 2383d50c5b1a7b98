import type { Unit } from '../../binding/unit.ts'
import type { Call } from '../../call.ts'
import { isPorticoError, kernelError } from '../../errors.ts'
import type { Peer } from '../definition.ts'
import type { Collection } from './collections.ts'
import type { Row } from './driver.ts'
import { atOperation } from './operation-error.ts'
import type { EnqueueOperation, WriteOperation, WriteResult } from './operations.ts'
import type { StorageStage } from './stage.ts'
import { makeTurns } from './turn.ts'
import * as writes from './writes.ts'

interface ListParts {
  readonly making: writes.WriteParts
  readonly stage: StorageStage
  readonly unit: Unit
  readonly collection: (name: string) => Collection
  readonly call: Call
  readonly peer: (binding: string) => Peer | undefined
  readonly binding: string
}

/** The records of so many operations are in memory at once, at most 1 MiB each. */
const aheadAtOnce = 64

/** Stages the operations in order; the first that fails fails all, and is named. */
export async function applyAll(parts: ListParts, operations: readonly WriteOperation[]): Promise<readonly WriteResult[]> {
  const turn = makeTurns()
  const results: WriteResult[] = []
  for (const [index, operation] of operations.entries()) {
    if (index % aheadAtOnce === 0) await readAhead(parts, operations.slice(index, index + aheadAtOnce))
    await turn()
    // Nobody waits for the outcome any more.
    if (parts.call.remainingMs() <= 0) throw kernelError('CALL_DEADLINE_EXCEEDED', { operation: parts.making.title('write'), timeoutMs: 0 })
    parts.stage.operation = index
    try {
      results.push(await apply(parts, operation))
    } catch (error) {
      throw isPorticoError(error) ? atOperation(error, index) : error
    } finally {
      parts.stage.operation = undefined
    }
  }
  return results
}

async function apply(parts: ListParts, operation: WriteOperation): Promise<WriteResult> {
  const { making, stage, call } = parts
  const of = <I extends { readonly collection: string }>(input: I) => ({ stage, call, input, collection: parts.collection(input.collection) })
  const told = ({ id, version }: Row) => ({ id, version })

  if ('insert' in operation) return told((await writes.insert(making, of(operation.insert))).row)
  if ('put' in operation) return told((await writes.put(making, of(operation.put))).row)
  if ('patch' in operation) return told((await writes.patch(making, of(operation.patch))).row)
  if ('delete' in operation) {
    writes.remove(making, of(operation.delete))
    return { id: operation.delete.id }
  }
  if ('check' in operation) {
    writes.check(making, of(operation.check))
    return { id: operation.check.id }
  }
  return { job: await enqueue(parts, operation.enqueue) }
}

async function enqueue({ peer, unit, call, binding }: ListParts, { binding: queue = 'queue', ...job }: EnqueueOperation): Promise<string> {
  const add = peer(queue)?.enqueue
  if (!add) throw kernelError('UNIT_OF_WORK_FOREIGN', { binding: queue, first: binding })
  const answer = await add(job, { unit, timeoutMs: call.remainingMs(), signal: call.signal, subject: call.subject, traceId: call.traceId })
  // The queue port's promise; a peer's answer has no type here.
  return (answer as { readonly id: string }).id
}

/** Reads at once, for each collection, the records that the operations look at: one round trip in place of many. */
async function readAhead({ stage, collection, call }: ListParts, operations: readonly WriteOperation[]): Promise<void> {
  const wanted = new Map<string, Set<string>>()
  const touched = new Set<string>()
  for (const operation of operations) {
    const at = 'put' in operation ? (operation.put.ifAbsent ? undefined : operation.put) : 'patch' in operation ? operation.patch : undefined
    const key = at && `${at.collection}\0${at.id}`
    // What an earlier operation of the list writes is known without a read.
    if (at && key && !touched.has(key) && stage.peek(at.collection, at.id) === undefined && isReadable(at.id)) {
      wanted.set(at.collection, (wanted.get(at.collection) ?? new Set()).add(at.id))
    }
    const blind = 'insert' in operation ? operation.insert : 'delete' in operation ? operation.delete : 'put' in operation ? operation.put : undefined
    if (blind?.id !== undefined) touched.add(`${blind.collection}\0${blind.id}`)
  }
  for (const [name, ids] of wanted) if (hasCollection(collection, name)) await stage.see(name, [...ids], call)
}

function isReadable(id: string): boolean {
  return id.length > 0 && id.length <= 255 && id.isWellFormed() && !id.includes('\0')
}

/** An undeclared one is told when its operation has its turn. */
function hasCollection(collection: (name: string) => Collection, name: string): boolean {
  try {
    return Boolean(collection(name))
  } catch {
    return false
  }
}
