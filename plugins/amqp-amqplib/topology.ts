import type { ChannelModel } from 'amqplib'
import type { AmqpTopology } from '../../kernel/ports/amqp/index.ts'

/** Declares all of it on a channel of its own; what is there already stays as it is. Rejects with the SDK's error. */
export async function declare(model: ChannelModel, topologies: readonly AmqpTopology[]): Promise<void> {
  if (topologies.length === 0) return
  const channel = await model.createChannel()
  channel.on('error', () => undefined)
  for (const { exchanges, queues, bindings } of topologies) {
    // Sent one after the other without waiting for each answer; a refusal closes the channel, and so fails all that follow.
    await Promise.all([
      ...exchanges.map((name) => channel.assertExchange(name, 'topic', { durable: true })),
      ...queues.map(({ name, arguments: args }) => channel.assertQueue(name, { durable: true, arguments: args })),
      ...bindings.map(({ exchange, key, to }) => ('queue' in to ? channel.bindQueue(to.queue, exchange, key) : channel.bindExchange(to.exchange, exchange, key))),
    ])
  }
  await channel.close()
}
