import test from 'ava'
import { delayed, delayTopology, dueBinding, unitMs } from '../../../plugins/queue-amqp/delays.ts'

/** As RabbitMQ's topic exchanges match: `*` is one word, `#` any number of them. */
function matches(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return words.length === 0
  if (first === '#') return words.some((_, at) => matches(rest, words.slice(at))) || matches(rest, [])
  return words.length > 0 && (first === '*' || first === words[0]) && matches(rest, words.slice(1))
}

/** How long a message waits on its way, and the queues it ends in. */
function travel(queues: readonly string[], { exchange, key }: { readonly exchange: string; readonly key: string }): { readonly waitedMs: number; readonly reached: readonly string[] } {
  const bindings = [...delayTopology.bindings, ...queues.map(dueBinding)]
  let waitedMs = 0
  for (let at = exchange; ;) {
    const next = bindings.filter((one) => one.exchange === at && matches(one.key.split('.'), key.split('.'))).map(({ to }) => to)
    const [to, ...more] = next
    if (!to || more.length > 0 || ('queue' in to && queues.includes(to.queue))) return { waitedMs, reached: next.flatMap((one) => ('queue' in one ? [one.queue] : [])) }
    if ('exchange' in to) {
      at = to.exchange
      continue
    }
    const level = delayTopology.queues.find(({ name }) => name === to.queue)
    waitedMs += Number(level?.arguments['x-message-ttl'])
    at = String(level?.arguments['x-dead-letter-exchange'])
  }
}

test('a delayed message waits for its time, rounded up, and reaches its queue and no other', (t) => {
  const queues = ['shop.queue.emails', 'shop.queue.sms', 'other.shop.queue.emails', 'emails']
  for (const delayMs of [1, 99, 100, 101, 1_000, 12_345, 600_000, 86_400_000, 315_576_000_000]) {
    for (const queue of queues) t.deepEqual(travel(queues, delayed(queue, delayMs)), { waitedMs: Math.ceil(delayMs / unitMs) * unitMs, reached: [queue] })
  }
})

test('a routing key of the longest names fits what AMQP takes', (t) => {
  t.true(delayed(['a'.repeat(40), `queue.${'b'.repeat(40)}`, 'c'.repeat(40)].join('.'), 1).key.length <= 255)
})
