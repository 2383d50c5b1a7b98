import { readFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ExecutionContext } from 'ava'

export interface TlsFront {
  readonly port: number
  /** The common name of the certificate that each client showed, or undefined. */
  readonly shown: readonly (string | undefined)[]
}

interface FrontOptions {
  readonly upstream: { readonly host: string; readonly port: number }
  readonly identity: { readonly certificate: string; readonly key: string }
  /** Who signs the certificates that clients must show. */
  readonly clientCa?: string
  /** Clients ask for TLS before they speak it, as PostgreSQL's do. */
  readonly asks: boolean
}

/** Puts TLS before a server that speaks none: what a client sees is a server with that certificate. Gone when the test ends. */
export async function openTlsFront(t: ExecutionContext, { upstream, identity, clientCa, asks }: FrontOptions): Promise<TlsFront> {
  const shown: (string | undefined)[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    if (!asks) return secure(socket)
    // The SSLRequest is 8 bytes, and `S` says yes.
    socket.once('data', () => {
      socket.pause()
      socket.write('S')
      secure(socket)
    })
  })

  function secure(socket: Socket): void {
    const plain = new TLSSocket(socket, {
      isServer: true, cert: readFileSync(identity.certificate), key: readFileSync(identity.key),
      ...(clientCa !== undefined && { requestCert: true, rejectUnauthorized: true, ca: readFileSync(clientCa) }),
    })
    plain.on('error', () => socket.destroy())
    plain.once('secure', () => {
      if (clientCa !== undefined && plain.authorizationError) { socket.destroy(); return }
      const subject = plain.getPeerCertificate().subject as { readonly CN?: string } | undefined
      shown.push(subject?.CN)
      const behind = connect(upstream.port, upstream.host)
      sockets.add(behind)
      behind.on('error', () => plain.destroy())
      plain.pipe(behind).pipe(plain)
      plain.once('close', () => behind.destroy())
    })
  }

  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, shown }
}
