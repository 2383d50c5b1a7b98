import { type ClientSession, type Collection, MongoError, type MongoClient } from 'mongodb'
import { type Backoff, backoffMs, type Call, type Refusal } from '../../kernel/plugin.ts'
import { databaseError, type MongoStep } from '../../kernel/ports/mongodb/index.ts'
import { pause, within } from './calls.ts'
import type { Commands } from './commands.ts'
import type { Kept } from './kept.ts'
import { applyStep, isLook } from './steps.ts'

export interface CommitParts {
  readonly client: MongoClient
  readonly commands: Commands
  readonly in: (collection: string) => Collection<Kept>
  /** The server's time. */
  readonly nowMs: number
}

const waits: Backoff = { initialMs: 1, maxMs: 100 }
/** With less time left than this an unanswered commit is not asked for again. */
const commitMs = 50

/** One step is one command on one document, which every MongoDB does whole or not at all. */
export async function commitOne({ commands, nowMs, ...parts }: CommitParts, step: MongoStep, call: Call): Promise<Refusal | undefined> {
  const collection = parts.in(step.collection)
  const refused = isLook(step)
    ? await commands.read(call, (limits) => applyStep(collection, step, nowMs, limits))
    : await commands.write(call, (limits) => applyStep(collection, step, nowMs, limits))
  return refused && { step: 0, ...refused }
}

/** Several steps are one transaction, begun again with full jitter while others' transactions are in its way. */
export async function commitTogether(parts: CommitParts, steps: readonly MongoStep[], call: Call): Promise<Refusal | undefined> {
  for (let attempt = 0; ; attempt++) {
    const session = parts.client.startSession({ causalConsistency: false })
    try {
      return await transact(parts, session, steps, call)
    } catch (error) {
      const waitMs = backoffMs(waits, attempt + 1)
      if (!isLabelled(causeOf(error), 'TransientTransactionError') || waitMs >= call.remainingMs()) throw error
      await pause(waitMs)
    } finally {
      void session.endSession().catch(() => undefined)
    }
  }
}

async function transact({ commands, nowMs, ...parts }: CommitParts, session: ClientSession, steps: readonly MongoStep[], call: Call): Promise<Refusal | undefined> {
  // Its write concern is the client's.
  session.startTransaction({ readConcern: { level: 'snapshot' }, readPreference: 'primary' })
  try {
    for (const [index, step] of steps.entries()) {
      // Nothing of a transaction is applied before its commit: until then every error is that of a read.
      const refused = await commands.read(call, (limits) => applyStep(parts.in(step.collection), step, nowMs, { ...limits, session }))
      if (!refused) continue
      await abort(session, call)
      return { step: index, ...refused }
    }
  } catch (error) {
    await abort(session, call)
    throw error
  }
  await commitSurely(commands, session, call)
  return undefined
}

/** A commit may be asked for again until it is answered: it is done once. */
async function commitSurely(commands: Commands, session: ClientSession, call: Call): Promise<void> {
  for (;;) {
    try {
      return await within(call, session.commitTransaction())
    } catch (error) {
      // This one says that it surely was not committed, also to who asked before and got no answer.
      if (isLabelled(error, 'TransientTransactionError')) throw databaseError(commands.connection, 'busy', '', error)
      if (!isLabelled(error, 'UnknownTransactionCommitResult') || call.remainingMs() < commitMs) throw databaseError(commands.connection, 'outcome-unknown', '', error)
      await pause(Math.random() * commitMs)
    }
  }
}

/** What cannot be aborted now ends by itself at the server. */
async function abort(session: ClientSession, call: Call): Promise<void> {
  await within(call, session.abortTransaction()).catch(() => undefined)
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined
}

function isLabelled(error: unknown, label: string): boolean {
  return error instanceof MongoError && error.hasErrorLabel(label)
}
