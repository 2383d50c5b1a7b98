import type { Call } from '../../call.ts'

type Arguments = Readonly<Record<string, string | number | boolean>>

export interface AmqpQueueSpec {
  readonly name: string
  /** `x-queue-type: quorum` and what goes with it; a queue is always durable. */
  readonly arguments: Arguments
}

export interface AmqpBinding {
  readonly exchange: string
  readonly key: string
  readonly to: { readonly queue: string } | { readonly exchange: string }
}

/** What must be there: declared at the start, and again whenever the connection is made anew or a part of it is missing. */
export interface AmqpTopology {
  /** Durable topic exchanges. */
  readonly exchanges: readonly string[]
  readonly queues: readonly AmqpQueueSpec[]
  readonly bindings: readonly AmqpBinding[]
}

/** A message as it is published: always persistent, and mandatory: one that reaches no queue is an error. */
export interface AmqpMessage {
  /** The default exchange, where the key is a queue's name, is ''. */
  readonly exchange: string
  readonly key: string
  readonly id: string
  readonly content: string | Buffer
  readonly contentType: string
  readonly headers: Arguments
  /** It is gone, or a dead letter, after so long in a queue. */
  readonly expiresInMs?: number | undefined
}

/** A message that was taken and is held on the channel that gave it. */
export interface AmqpDelivery {
  /** As its publisher named it; a foreign one may have none. */
  readonly id: string | undefined
  readonly content: Buffer
  readonly contentType: string | undefined
  readonly headers: Readonly<Record<string, unknown>>
  /** How often it was given to somebody and came back. */
  readonly returns: number
  /** False once the channel that gave it is gone: then the broker has given it back to its queue. */
  readonly live: boolean
  /**
   * The message is done. Answers when the broker has taken that in; it does not confirm that it is on disk.
   * @throws DATABASE_OUTCOME_UNKNOWN when the channel was lost meanwhile.
   */
  ack(call: Call): Promise<void>
  /** Gives it back to the front of its queue, which counts as one more return. Where the channel is gone it is back already. */
  giveBack(): void
}

/**
 * The driver interface of the inner port `amqp`: a broker of AMQP 0-9-1, RabbitMQ 3.10 or later.
 * @throws DATABASE_UNAVAILABLE · DATABASE_BUSY · DATABASE_FAILED from each.
 */
export interface AmqpConnection {
  /** How long a message may be held at most: less than the broker's own `consumer_timeout`, which would close the channel. */
  readonly maxHoldMs: number
  /** @throws DATABASE_FAILED when a queue or an exchange is there with other arguments. */
  keep(topology: AmqpTopology, call: Call): Promise<void>
  /**
   * Publishes the messages in their order, and answers when the broker has confirmed every one.
   * @throws DATABASE_UNAVAILABLE where none of them was kept · DATABASE_BUSY where as many wait for their confirmation as may, or
   *   the broker is short of memory or disk · DATABASE_OUTCOME_UNKNOWN when some may be there.
   */
  publish(messages: readonly AmqpMessage[], call: Call): Promise<void>
  /**
   * Takes up to `max` messages that are ready now, the first ones of the queue, and never more than are asked for; no more once
   * they are about `maxBytes`, but one.
   */
  take(queue: string, most: { readonly max: number; readonly maxBytes: number }, call: Call): Promise<readonly AmqpDelivery[]>
  /** A word to every process on this broker that listens, this one included. Lossy. */
  readonly signals: {
    send(channel: string): void
    on(channel: string, listener: () => void): () => void
  }
}
