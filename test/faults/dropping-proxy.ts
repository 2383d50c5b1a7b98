import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { ExecutionContext } from 'ava'

/** A way to a Redis on which messages get lost, while calls and their answers pass. */
export interface DroppingProxy {
  readonly port: number
  /** Which part of the messages is lost, from now on: 0 to 1. */
  drop(part: number): void
  readonly counts: { readonly dropped: number; readonly passed: number }
}

/** As the server tells one: the kind, the channel and the text. One that arrives in two parts passes. */
const message = /[>*]3\r\n\$7\r\nmessage\r\n\$\d+\r\n[^\r]*\r\n\$\d+\r\n[^\r]*\r\n/g

/** Gone when the test ends. */
export async function openDroppingProxy(t: ExecutionContext, upstream: string): Promise<DroppingProxy> {
  const counts = { dropped: 0, passed: 0 }
  const sockets = new Set<Socket>()
  const [host = '', upstreamPort = ''] = upstream.split(':')
  let part = 0

  const server = createServer((client) => {
    const redis = connect(Number(upstreamPort), host)
    client.pipe(redis)
    redis.on('data', (told) => {
      client.write(Buffer.from(told.toString('latin1').replaceAll(message, (one) => {
        const lost = Math.random() < part
        counts[lost ? 'dropped' : 'passed'] += 1
        return lost ? '' : one
      }), 'latin1'))
    })
    for (const [one, other] of [[client, redis], [redis, client]] as const) {
      sockets.add(one)
      one.on('error', () => undefined).on('close', () => { sockets.delete(one); other.destroy() })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  // A server that listens on a port has an address of this kind.
  return { port: (server.address() as AddressInfo).port, drop: (lost) => { part = lost }, counts }
}
