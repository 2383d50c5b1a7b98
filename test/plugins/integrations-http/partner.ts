import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import type { ExecutionContext } from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import type { Bound } from '../../../kernel/plugin.ts'

/** A partner on a real socket, closed with the test. */
export async function startPartner(t: ExecutionContext, answer: RequestListener): Promise<{ url: string; sockets: Set<Socket>; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer(answer)
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
  t.teardown(close)
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets, close }
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

/** Answers with what it was asked. */
export const echo: RequestListener = (request, response) => {
  void bodyOf(request).then((text) => {
    response.setHeader('content-type', 'application/json; charset=utf-8')
    response.end(JSON.stringify({ method: request.method, path: request.url, headers: request.headers, body: text === '' ? null : (JSON.parse(text) as unknown) }))
  })
}

/** A running kernel with one `integrations` binding over HTTP. */
export async function openHttp(t: ExecutionContext, baseUrl: string, operations: object, more: { settings?: object; keys?: object } = {}): Promise<Bound['integrations']> {
  const binding = { use: 'http', with: { baseUrl, ...more.settings }, operations, ...more.keys }
  const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: binding } }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())
  return (kernel.ports).integrations
}
