import type { Channel, ChannelModel } from 'amqplib'

const exchange = 'portico.signals'
/** Words to one channel within this are one word. */
const gatherMs = 2
const mostGathered = 1_000
/** What waits for a process that does not keep up; older words go, for one tells as much as many. */
const mostKept = 1_000

/**
 * Words between processes: a direct exchange, and a queue of each process that goes with its connection. They are neither confirmed nor
 * kept, and what is heard twice does no harm.
 */
export class Signals {
  readonly #listeners = new Map<string, Set<() => void>>()
  readonly #waiting = new Set<string>()
  readonly #own = Math.random().toString(36).slice(2)
  #channel: Channel | undefined
  #queue = ''

  /** Makes the queue anew on a new connection, with all that is listened to. */
  async attach(model: ChannelModel): Promise<void> {
    const channel = await model.createChannel()
    const gone = () => {
      if (this.#channel === channel) this.#channel = undefined
    }
    channel.on('error', gone)
    channel.on('close', gone)
    await channel.assertExchange(exchange, 'direct', { durable: true })
    const { queue } = await channel.assertQueue('', { exclusive: true, autoDelete: true, durable: false, arguments: { 'x-max-length': mostKept } })
    await Promise.all([...this.#listeners.keys()].map((name) => channel.bindQueue(queue, exchange, name)))
    await channel.consume(queue, (message) => {
      if (message && message.properties.appId !== this.#own) this.#tell(message.fields.routingKey)
    }, { noAck: true })
    this.#queue = queue
    this.#channel = channel
    // What was said meanwhile was not heard.
    for (const name of this.#listeners.keys()) this.#tell(name)
  }

  send(name: string): void {
    this.#tell(name)
    if (this.#waiting.size >= mostGathered) return
    if (this.#waiting.size === 0) setTimeout(() => this.#flush(), gatherMs).unref()
    this.#waiting.add(name)
  }

  on(name: string, listener: () => void): () => void {
    let listeners = this.#listeners.get(name)
    if (!listeners) {
      this.#listeners.set(name, (listeners = new Set()))
      this.#channel?.bindQueue(this.#queue, exchange, name).catch(() => undefined)
    }
    listeners.add(listener)
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0 || this.#listeners.get(name) !== listeners) return
      this.#listeners.delete(name)
      this.#channel?.unbindQueue(this.#queue, exchange, name).catch(() => undefined)
    }
  }

  #tell(name: string): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) listener()
  }

  #flush(): void {
    const names = [...this.#waiting]
    this.#waiting.clear()
    try {
      for (const name of names) this.#channel?.publish(exchange, name, Buffer.alloc(0), { appId: this.#own, persistent: false })
    } catch {
      // The connection is gone: whoever waits looks for itself a little later.
    }
  }
}
