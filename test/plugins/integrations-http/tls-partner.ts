import { createHash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import type { ExecutionContext } from 'ava'

/** A partner that speaks TLS, closed with the test; it counts what it was asked, and by whom. */
export async function startTlsPartner(t: ExecutionContext, identity: { readonly certificate: string; readonly key: string }, options: ServerOptions = {}): Promise<{ readonly url: string; readonly port: number; readonly asked: string[]; readonly versions: (string | null)[] }> {
  const asked: string[] = []
  const versions: (string | null)[] = []
  const server = createServer({ cert: readFileSync(identity.certificate), key: readFileSync(identity.key), ...options }, (request, response) => {
    if (!(request.socket instanceof TLSSocket)) return void response.destroy()
    const { subject } = request.socket.getPeerCertificate() as { readonly subject?: { readonly CN?: string } }
    asked.push(subject?.CN ?? 'nobody')
    versions.push(request.socket.getProtocol())
    request.resume()
    response.writeHead(200, { 'content-type': 'application/json', connection: 'close' }).end('{}')
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `https://127.0.0.1:${port}`, port, asked, versions }
}

/** `sha256/…` of the key of a certificate in a PEM file. */
export function pinOf(certificate: string): string {
  const spki = new X509Certificate(readFileSync(certificate)).publicKey.export({ type: 'spki', format: 'der' })
  return `sha256/${createHash('sha256').update(spki).digest('base64')}`
}

export function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-partner-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}
