import type { Call } from '../../../call.ts'

/** A job on its way to a broker. */
export interface BrokerMessage {
  readonly queue: string
  /** Into the queue itself, or beside it to its dead letters. */
  readonly to: 'queue' | 'dead'
  readonly id: string
  /** JSON as text; of what was no job the bytes as they came. */
  readonly payload: string | Buffer
  /** What is kept of the job beside its payload: JSON as text, 32 KiB at most. */
  readonly state: string
  /** Why it is dead, for who looks at the broker. */
  readonly reason?: string | undefined
  /** It comes into line after so long, never before; 0 or undefined: now. */
  readonly delayMs?: number | undefined
  /** It goes by itself after so long. */
  readonly keepMs?: number | undefined
}

/** A message that was taken, and is held for us until it is ended or its connection is lost. */
export interface BrokerDelivery {
  readonly queue: string
  readonly id: string | undefined
  readonly payload: Buffer
  /** Undefined for what no `BrokerQueue` published. */
  readonly state: string | undefined
  /** How often this message was held before and came back. */
  readonly returns: number
  /** False once it is lost: then the broker has it back. */
  readonly live: boolean
  /** @throws DATABASE_OUTCOME_UNKNOWN when it was lost meanwhile. */
  ack(call: Call): Promise<void>
  /** Back to the front of its queue, with one more return. */
  giveBack(): void
}

/**
 * The driver interface over a broker, which keeps messages and no rows: none is found by its id, changed, or counted, and a lease is
 * a message that this process holds. What the verbs mean is decided above it.
 */
export interface BrokerQueue {
  readonly keeps: 'messages'
  /** How long one message can be held. */
  readonly maxHoldMs: number
  /**
   * Answers when the broker has confirmed every message; it cannot promise all or none.
   * @throws DATABASE_OUTCOME_UNKNOWN when some may be there; any other code: none is.
   */
  send(messages: readonly BrokerMessage[], call: Call): Promise<void>
  /** Takes up to `max` messages that are in line now, and never more. */
  take(queue: string, max: number, call: Call): Promise<readonly BrokerDelivery[]>
  /** A wake-up for whoever waits on this queue, in every replica. Lossy. */
  wake(queue: string): void
  onWake(queue: string, listener: () => void): () => void
}
