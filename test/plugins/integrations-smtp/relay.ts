import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import type { ExecutionContext } from 'ava'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { createKernel } from '../../../kernel/index.ts'
import type { Bound } from '../../../kernel/plugin.ts'

/** A mail as the relay has it. */
export interface Delivered {
  readonly from: string
  readonly to: readonly string[]
  readonly raw: string
  readonly secure: boolean
  readonly user: string | undefined
}

export interface TestRelay {
  readonly port: number
  readonly delivered: Delivered[]
  /** How many connections there were, and how many at once at most. */
  readonly seen: { connections: number; most: number }
  close(): Promise<void>
}

/** A real relay in this process, without TLS and logins unless `options` say so; closed with the test. */
export async function startRelay(t: ExecutionContext, options: SMTPServerOptions = {}, port = 0): Promise<TestRelay> {
  const delivered: Delivered[] = []
  const seen = { connections: 0, most: 0 }
  const server: SMTPServer = new SMTPServer({
    authOptional: true, disabledCommands: ['STARTTLS', 'AUTH'], disableReverseLookup: true, closeTimeout: 100, logger: false,
    onConnect(_session, callback) {
      seen.connections++
      seen.most = Math.max(seen.most, server.connections.size)
      callback()
    },
    onData(stream, session, callback) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope
        delivered.push({ from: mailFrom === false ? '' : mailFrom.address, to: rcptTo.map(({ address }) => address), raw: Buffer.concat(chunks).toString(), secure: session.secure, user: session.user as string | undefined })
        callback()
      })
    },
    ...options,
  })
  server.on('error', () => undefined)
  server.listen(port, '127.0.0.1')
  await once(server.server, 'listening')
  let closed = false
  const close = () => new Promise<void>((resolve) => {
    if (closed) resolve()
    closed = true
    server.close(() => resolve())
  })
  t.teardown(close)
  return { port: (server.server.address() as AddressInfo).port, delivered, seen, close }
}

/** An error that the relay says with its number. */
export function reply(responseCode: number): Error {
  return Object.assign(new Error('told by the test'), { responseCode })
}

export interface OpenParts {
  readonly settings?: object
  readonly binding?: object
}

/** A running kernel with one binding that sends mails to 127.0.0.1. */
export async function openSmtp(t: ExecutionContext, port: number, operations: object, { settings, binding }: OpenParts = {}): Promise<Bound['integrations']> {
  const own = { use: 'smtp', with: { host: '127.0.0.1', port, security: 'none', from: 'Shop <shop@example.com>', ...settings }, operations, ...binding }
  const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: own } }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())
  return kernel.ports.integrations
}

export const hello = { mail: { to: '{email}', subject: 'Hello {name}', text: 'Dear {name}' } }
