import type { AmqpTopology } from '../../kernel/ports/amqp/index.ts'

/** What a delay is counted in; it is rounded up. */
export const unitMs = 100
/** Ten years are 2^31.6 units. */
const levels = 32
const due = 'portico.delay.due'
const nameOf = (level: number) => `portico.delay.${level}`

/**
 * The delays of all applications on one vhost, as NServiceBus builds them: a level for each binary digit of a delay, with an exchange
 * and a queue whose messages all wait equally long, 2^level units, so that none stands in another's way. A message visits the queues
 * of the digits that are 1 in its delay, from the highest down, moved on by the broker's dead-lettering; then `due` gives it to its queue.
 */
export const delayTopology: AmqpTopology = {
  exchanges: [due, ...Array.from({ length: levels }, (_, level) => nameOf(level))],
  queues: Array.from({ length: levels }, (_, level) => ({
    name: nameOf(level),
    arguments: {
      'x-queue-type': 'quorum', 'x-message-ttl': unitMs * 2 ** level,
      'x-dead-letter-exchange': below(level), 'x-dead-letter-strategy': 'at-least-once', 'x-overflow': 'reject-publish',
    },
  })),
  bindings: Array.from({ length: levels }, (_, level) => [
    { exchange: nameOf(level), key: `${digitsBefore(level)}1.#`, to: { queue: nameOf(level) } },
    { exchange: nameOf(level), key: `${digitsBefore(level)}0.#`, to: { exchange: below(level) } },
  ]).flat(),
}

/** Lets what is due reach this queue. */
export function dueBinding(queue: string): AmqpTopology['bindings'][number] {
  return { exchange: due, key: `${'*.'.repeat(levels)}${queue}`, to: { queue } }
}

/** Where a message is published that is to reach the queue after `delayMs`, at least 1. */
export function delayed(queue: string, delayMs: number): { readonly exchange: string; readonly key: string } {
  const units = Math.min(Math.ceil(delayMs / unitMs), 2 ** levels - 1)
  const digits = units.toString(2).padStart(levels, '0')
  return { exchange: nameOf(levels - 1 - digits.indexOf('1')), key: `${Array.from(digits).join('.')}.${queue}` }
}

function below(level: number): string {
  return level === 0 ? due : nameOf(level - 1)
}

function digitsBefore(level: number): string {
  return '*.'.repeat(levels - 1 - level)
}
