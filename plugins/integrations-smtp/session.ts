import { connect as connectPlain, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Message } from './message.ts'
import type { Relay } from './relay.ts'

/** What the relay said to a mail that it took. */
export interface Taken {
  readonly accepted: readonly string[]
  readonly rejected: readonly Rejected[]
}

export interface Rejected {
  readonly address: string
  readonly status: number
}

type Done<T> = (error: Error | null | undefined, result?: T) => void

const goodbyeMs = 1_000
const chunkBytes = 65_536
/** Largest answer of the relay that is read. */
const maxResponseBytes = 65_536

/** One connection to the relay, for one mail or one look; whatever it waits for ends with `signal`. */
export class Session {
  readonly #relay: Relay
  readonly #ended = Promise.withResolvers<never>()
  #socket: Socket | undefined
  #connection: SMTPConnection | undefined
  /** True once the relay may have the whole mail: what is cut off before is not delivered by anybody (RFC 5321, 4.1.1.4). */
  mayBeTaken = false

  constructor(relay: Relay, signal: AbortSignal) {
    this.#relay = relay
    this.#ended.promise.catch(() => undefined)
    const end = () => this.#ended.reject(new GivenUp('the time is over'))
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
  }

  /** Connects, in TLS as the settings demand, and logs in. */
  async open(): Promise<void> {
    const { security, tls, host, login, clientName } = this.#relay
    const socket = await this.#step<Socket>((done) => this.#dial(done))
    const connection = new SMTPConnection({
      connection: socket, host, tls, secure: security === 'tls', secured: security === 'tls', requireTLS: security === 'starttls', ignoreTLS: security === 'none',
      maxResponseSize: maxResponseBytes, socketCloseTimeout: 0, ...(clientName !== undefined && { name: clientName }),
    })
    this.#connection = connection
    connection.on('error', (error: Error) => this.#ended.reject(error))
    // Later: what the relay said before it went is told right after its end, and is worth more.
    connection.on('end', () => setImmediate(() => this.#ended.reject(new Error('the relay ended the connection'))))

    await this.#step<undefined>((done) => connection.connect(done))
    if (!login) return
    if (!connection.allowsAuth) throw new Error('the relay offers no login')
    await this.#step<boolean>((done) => connection.login(login, done))
  }

  async deliver({ from, to, bytes }: Message): Promise<Taken> {
    const connection = this.#connection
    if (!connection) throw new TypeError('the session is not open')
    const { accepted, rejectedErrors = [] } = await this.#step<SMTPConnection.SentMessageInfo>((done) =>
      connection.send({ from, to: [...to], size: bytes.length, use8BitMime: false }, Readable.from(this.#chunks(bytes)), done))
    return { accepted, rejected: rejectedErrors.map(({ recipient, responseCode }) => ({ address: recipient ?? '', status: responseCode ?? 0 })) }
  }

  /** Says goodbye, and does not wait long for the answer. */
  async leave(): Promise<void> {
    const left = Promise.withResolvers<undefined>()
    const late = setTimeout(() => left.resolve(undefined), goodbyeMs)
    this.#connection?.once('end', () => left.resolve(undefined))
    this.#connection?.quit()
    await left.promise
    clearTimeout(late)
    this.close()
  }

  close(): void {
    this.#connection?.close()
    this.#socket?.destroy()
  }

  *#chunks(bytes: Buffer): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      if (at + chunkBytes >= bytes.length) this.mayBeTaken = true
      yield bytes.subarray(at, at + chunkBytes)
    }
  }

  #dial(done: Done<Socket>): void {
    const { host, port, security, tls } = this.#relay
    const socket = security === 'tls' ? connectTls({ host, port, ...tls }) : connectPlain({ host, port })
    this.#socket = socket
    socket.once(security === 'tls' ? 'secureConnect' : 'connect', () => {
      socket.off('error', done)
      done(null, socket)
    })
    socket.once('error', done)
    // Whoever closes the session is told of nothing more.
    socket.on('error', () => undefined)
  }

  /** One step of the conversation; the end of the connection ends it, too. */
  #step<T>(run: (done: Done<T>) => void): Promise<T> {
    const step = Promise.withResolvers<T>()
    // A step without an error has its result.
    run((error, result) => (error ? step.reject(error) : step.resolve(result as T)))
    return Promise.race([step.promise, this.#ended.promise])
  }
}

/** The caller, or its deadline, did not wait. */
export class GivenUp extends Error {}
