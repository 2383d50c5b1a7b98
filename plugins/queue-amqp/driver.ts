import type { Call } from '../../kernel/plugin.ts'
import type { AmqpConnection, AmqpDelivery, AmqpMessage, AmqpTopology } from '../../kernel/ports/amqp/index.ts'
import type { BrokerDelivery, BrokerMessage, BrokerQueue } from '../../kernel/ports/queue/index.ts'
import { delayed, delayTopology, dueBinding } from './delays.ts'

/** The header with what is kept of a job beside its payload. */
const stateHeader = 'portico-job'
/** For who looks at a dead letter with the broker's own tools. */
const reasonHeader = 'portico-reason'
const maxReason = 500
/** A message that came back so often is dead-lettered by the broker itself; a queue's `maxCrashes` is lower, and comes first. */
const deliveryLimit = 1_000
/** About how many bytes of payload one lease hands out, and one more job. */
const mostLeasedBytes = 8 * 1024 ** 2

/** Jobs as messages in quorum queues, one for each declared queue and one for its dead letters. */
export class AmqpJobQueue implements BrokerQueue {
  readonly keeps = 'messages'
  readonly maxHoldMs: number
  readonly #connection: AmqpConnection
  /** `shop.queue.` */
  readonly #prefix: string

  constructor(connection: AmqpConnection, application: string, binding: string) {
    this.#connection = connection
    this.maxHoldMs = connection.maxHoldMs
    this.#prefix = `${application}.${binding}.`
  }

  /** Declares what is not there yet. */
  async prepare(queues: readonly string[], call: Call): Promise<void> {
    await this.#connection.keep(delayTopology, call)
    await this.#connection.keep(this.#topology(queues), call)
  }

  send(messages: readonly BrokerMessage[], call: Call): Promise<void> {
    return this.#connection.publish(messages.map((message) => this.#toAmqp(message)), call)
  }

  async take(queue: string, max: number, call: Call): Promise<readonly BrokerDelivery[]> {
    const taken = await this.#connection.take(this.#nameOf(queue), { max, maxBytes: mostLeasedBytes }, call)
    return taken.map((delivery) => toBroker(queue, delivery))
  }

  wake(queue: string): void {
    this.#connection.signals.send(this.#nameOf(queue))
  }

  onWake(queue: string, listener: () => void): () => void {
    return this.#connection.signals.on(this.#nameOf(queue), listener)
  }

  #toAmqp({ queue, to, id, payload, state, reason, delayMs = 0, keepMs }: BrokerMessage): AmqpMessage {
    const name = this.#nameOf(queue)
    const where = to === 'dead' ? { exchange: '', key: deadNameOf(name) } : delayMs > 0 ? delayed(name, delayMs) : { exchange: '', key: name }
    return {
      ...where, id, content: payload, contentType: typeof payload === 'string' ? 'application/json' : 'application/octet-stream',
      headers: { ...(state !== '' && { [stateHeader]: state }), ...(reason !== undefined && { [reasonHeader]: reason.slice(0, maxReason).toWellFormed() }) },
      expiresInMs: keepMs,
    }
  }

  #topology(queues: readonly string[]): AmqpTopology {
    const names = queues.map((queue) => this.#nameOf(queue))
    return {
      exchanges: [],
      queues: names.flatMap((name) => [
        { name: deadNameOf(name), arguments: { 'x-queue-type': 'quorum' } },
        {
          name,
          arguments: {
            'x-queue-type': 'quorum', 'x-delivery-limit': deliveryLimit,
            'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': deadNameOf(name), 'x-dead-letter-strategy': 'at-least-once', 'x-overflow': 'reject-publish',
          },
        },
      ]),
      bindings: names.map(dueBinding),
    }
  }

  #nameOf(queue: string): string {
    return this.#prefix + queue
  }
}

/** No declared queue has a dot in its name, so none is taken for another's dead letters. */
function deadNameOf(name: string): string {
  return `${name}.dead`
}

function toBroker(queue: string, delivery: AmqpDelivery): BrokerDelivery {
  const state = delivery.headers[stateHeader]
  return {
    queue, id: delivery.id, payload: delivery.content, returns: delivery.returns,
    state: typeof state === 'string' ? state : undefined,
    get live() { return delivery.live },
    ack: (call) => delivery.ack(call),
    giveBack: () => delivery.giveBack(),
  }
}
