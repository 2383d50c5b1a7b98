import type { ChannelModel, ConfirmChannel } from 'amqplib'
import type { Call } from '../../kernel/plugin.ts'
import { type AmqpMessage, databaseError } from '../../kernel/ports/amqp/index.ts'
import { within } from './calls.ts'
import { toDatabaseError } from './faults.ts'
import type { Link } from './link.ts'

/** A message that reached no queue; the broker said so before it confirmed it. */
class Unroutable extends Error {}

interface PublisherParts {
  readonly connection: string
  readonly link: Link
  readonly maxUnconfirmed: number
  readonly maxUnconfirmedBytes: number
  /** A queue, or an exchange, is not there any more. */
  readonly missing: (reason: string) => void
}

/** Publishes with confirmation, on one channel of each connection. */
export class Publisher {
  readonly #parts: PublisherParts
  #opened: { readonly model: ChannelModel; readonly channel: Promise<ConfirmChannel> } | undefined
  /** Those that reached no queue, until they are confirmed. */
  readonly #returned = new Map<string, string>()
  #unconfirmed = 0
  #unconfirmedBytes = 0
  #counted = 0

  constructor(parts: PublisherParts) {
    this.#parts = parts
  }

  /** @throws as the port's `publish`. */
  async publish(messages: readonly AmqpMessage[], call: Call): Promise<void> {
    const bodies = messages.map(({ content }) => (Buffer.isBuffer(content) ? content : Buffer.from(content)))
    const bytes = bodies.reduce((sum, { length }) => sum + length, 0)
    if (this.#full(messages.length, bytes)) throw databaseError(this.#parts.connection, 'busy', '')

    // From here on, so that those who wait for the connection count, too.
    this.#unconfirmed += messages.length
    this.#unconfirmedBytes += bytes
    const sent: Promise<void>[] = []
    try {
      const channel = await this.#channel(call)
      for (const [at, message] of messages.entries()) sent.push(this.#send(channel, message, bodies[at] ?? Buffer.alloc(0)))
      await within(call, settled(sent))
    } catch (error) {
      for (const one of sent) one.catch(() => undefined)
      for (const { length } of bodies.slice(sent.length)) this.#ended(length)
      throw this.#errorOf(error, sent.length > 0)
    }
  }

  #errorOf(error: unknown, sent: boolean): Error {
    const { connection, missing } = this.#parts
    if (!(error instanceof Unroutable)) return toDatabaseError(connection, error, sent)
    missing(error.message)
    return databaseError(connection, error.cause === 'all' ? 'unavailable' : 'outcome-unknown', '', error)
  }

  /** Alone, a call may be larger than what may wait. */
  #full(count: number, bytes: number): boolean {
    const { maxUnconfirmed, maxUnconfirmedBytes } = this.#parts
    return this.#unconfirmed > 0 && (this.#unconfirmed + count > maxUnconfirmed || this.#unconfirmedBytes + bytes > maxUnconfirmedBytes)
  }

  #ended(bytes: number): void {
    this.#unconfirmed--
    this.#unconfirmedBytes -= bytes
  }

  async #channel(call: Call): Promise<ConfirmChannel> {
    const { connection, link } = this.#parts
    const model = await link.ready(call)
    // A blocked connection is read no more: what is sent now would be confirmed when nobody waits for it.
    if (link.blocked !== undefined) throw databaseError(connection, 'busy', '')
    if (this.#opened?.model !== model) this.#opened = { model, channel: this.#open(model) }
    try {
      return await within(call, this.#opened.channel)
    } catch (error) {
      throw toDatabaseError(connection, error)
    }
  }

  async #open(model: ChannelModel): Promise<ConfirmChannel> {
    const gone = () => {
      if (this.#opened?.model === model) this.#opened = undefined
    }
    try {
      const channel = await model.createConfirmChannel()
      channel.on('close', gone)
      channel.on('error', (error) => this.#parts.missing(error.message))
      channel.on('return', ({ fields, properties }) => {
        const { correlationId } = properties as { readonly correlationId?: string }
        // Of a basic.return the fields have a text, which stands in no type of the SDK.
        if (correlationId !== undefined) this.#returned.set(correlationId, String((fields as { readonly replyText?: unknown }).replyText))
      })
      return channel
    } catch (error) {
      gone()
      throw error
    }
  }

  #send(channel: ConfirmChannel, { exchange, key, id, contentType, headers, expiresInMs }: AmqpMessage, body: Buffer): Promise<void> {
    const correlationId = String(++this.#counted)
    const confirmed = Promise.withResolvers<undefined>()
    channel.publish(exchange, key, body, {
      persistent: true, mandatory: true, messageId: id, correlationId, contentType, headers,
      ...(expiresInMs !== undefined && { expiration: String(Math.round(expiresInMs)) }),
    }, (error: unknown) => {
      this.#ended(body.length)
      const reason = this.#returned.get(correlationId)
      this.#returned.delete(correlationId)
      if (error) confirmed.reject(error)
      else if (reason !== undefined) confirmed.reject(new Unroutable(`${exchange}/${key} reaches no queue (${reason})`))
      else confirmed.resolve(undefined)
    })
    return confirmed.promise
  }
}

/** Answers when all are confirmed; `Unroutable` says in its cause whether that befell all of them. */
async function settled(sent: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(sent)
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as Error] : []))
  const [first] = failures
  if (!first) return
  const other = failures.find((failure) => !(failure instanceof Unroutable))
  throw other ?? new Unroutable(first.message, { cause: failures.length === sent.length ? 'all' : 'some' })
}
