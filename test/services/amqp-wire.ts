import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { ExecutionContext } from 'ava'

/** A way to a broker that says what a broker would say which is short of memory; what passes is left as it is. */
export interface AmqpWire {
  readonly port: number
  blocked(reason: string): void
  unblocked(): void
}

const connectionClass = 10
const blockedMethod = 60
const unblockedMethod = 61

/** Opens the way; gone when the test ends. A frame is told between two answers of the broker, which end with a frame when it is at rest. */
export async function openWire(t: ExecutionContext, upstream: { readonly host: string; readonly port: number }): Promise<AmqpWire> {
  const clients = new Set<Socket>()
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const broker = connect(upstream.port, upstream.host)
    for (const socket of [client, broker]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
    }
    clients.add(client)
    client.on('close', () => clients.delete(client))
    client.pipe(broker).pipe(client)
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  const tell = (frame: Buffer) => { for (const client of clients) client.write(frame) }
  return {
    port: (server.address() as AddressInfo).port,
    blocked: (reason) => { tell(methodFrame(blockedMethod, Buffer.concat([Buffer.from([reason.length]), Buffer.from(reason)]))) },
    unblocked: () => { tell(methodFrame(unblockedMethod, Buffer.alloc(0))) },
  }
}

/** A method of the class `connection`, on channel 0 (AMQP 0-9-1, 4.2.3). */
function methodFrame(method: number, fields: Buffer): Buffer {
  const head = Buffer.alloc(11)
  head.writeUInt8(1, 0)
  head.writeUInt32BE(4 + fields.length, 3)
  head.writeUInt16BE(connectionClass, 7)
  head.writeUInt16BE(method, 9)
  return Buffer.concat([head, fields, Buffer.from([0xce])])
}
