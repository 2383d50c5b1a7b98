import { createServer, connect, type AddressInfo } from 'node:net'
import { once } from 'node:events'

/** Passes bytes on to a server, and counts how often the client waited for it. */
export interface Relay {
  readonly url: string
  /** Round trips since the last call: requests that were sent after an answer had come. */
  roundTrips(): number
  close(): Promise<void>
}

/** A relay on a free port of loopback before the server at `target`. */
export async function relayTo(target: string): Promise<Relay> {
  const url = new URL(target)
  const { port, hostname } = url
  const sockets = new Set<{ destroy(): void }>()
  let trips = 0
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    let answered = true
    client.on('data', () => {
      if (answered) trips += 1
      answered = false
    })
    upstream.on('data', () => {
      answered = true
    })
    client.pipe(upstream).pipe(client)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => { client.destroy(); upstream.destroy() })
      socket.on('close', () => sockets.delete(socket))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on TCP has an address of this shape.
  url.port = String((server.address() as AddressInfo).port)
  url.hostname = '127.0.0.1'
  return {
    url: url.href,
    roundTrips() {
      const counted = trips
      trips = 0
      return counted
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
