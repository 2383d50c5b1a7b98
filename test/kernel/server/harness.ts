import { connect } from 'node:net'
import type { ExecutionContext } from 'ava'
import { bind } from '../../../kernel/binding/bind.ts'
import type { Binding } from '../../../kernel/binding/binding.ts'
import { Deadlines } from '../../../kernel/binding/deadlines.ts'
import { Instruments } from '../../../kernel/binding/instruments.ts'
import { Generation } from '../../../kernel/binding/swap-point.ts'
import { systemClock } from '../../../kernel/clock.ts'
import type { Log } from '../../../kernel/log.ts'
import { Redaction } from '../../../kernel/redaction.ts'
import { makeServer, type Server, type ServerParts } from '../../../kernel/server/server.ts'
import { makeShelf, shelfPort } from './shelf.ts'

export interface Line {
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A log that keeps its lines. */
export function keepLog(lines: Line[] = [], own: object = {}): Log & { lines: Line[] } {
  const write = (level: string) => (fields: object, message: string) => { lines.push({ level, message, fields: { ...own, ...fields } }) }
  return { lines, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error'), child: (fields) => keepLog(lines, { ...own, ...fields }) }
}

export function bindShelf(name: string, log: Log, options: { expose?: boolean; seen?: { signals: AbortSignal[] } } = {}): Binding {
  const plugin = { name: 'memory', version: '1.0.0' }
  // The shelf's operations are what definePort holds them to; their types are its own.
  const face = makeShelf(options.seen) as unknown as Readonly<Record<string, unknown>>
  return bind({
    name, port: shelfPort, expose: options.expose ?? true, optional: false, capabilities: [], plugin,
    first: new Generation([{ plugin, face, probed: {} }]), instruments: new Instruments(), deadlines: new Deadlines(), log, redaction: new Redaction(),
  })
}

export interface Serving {
  readonly server: Server
  readonly url: string
  readonly port: number
  readonly log: Log & { lines: Line[] }
  readonly seen: { signals: AbortSignal[] }
}

/** A listening server over shelves; closed when the test ends. */
export async function serve(t: ExecutionContext, more: Partial<ServerParts> = {}): Promise<Serving> {
  const log = keepLog()
  const seen = { signals: [] as AbortSignal[] }
  const bindings = new Map([bindShelf('shelf', log, { seen }), bindShelf('shelf.upper', log), bindShelf('shelf.hidden', log, { expose: false })].map((binding) => [binding.name, binding]))
  const server = await makeServer({
    spec: { host: '127.0.0.1', port: 0, drainTimeoutMs: 1_000, logLevel: 'info' },
    about: { name: 'shop', version: '0.1.0', manifest: { path: 'infra.config.yaml', sha256: 'ab' }, startedAt: new Date(0) },
    bindings, extensions: [], ready: () => true, metrics: () => '# none\n', log, clock: systemClock, ...more,
  })
  t.teardown(() => server.close())
  const { url } = await server.listen()
  return { server, url, port: Number(new URL(url).port), log, seen }
}

/** Sends bytes as they are and answers everything that comes back until the server closes. */
export function rawRequest(port: number, ...parts: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => { text += chunk })
    socket.on('close', () => resolve(text))
    socket.on('error', (error) => (text === '' ? reject(error) : resolve(text)))
    for (const part of parts) socket.write(part)
  })
}

/** One request whose connection closes after it, its lines as given. */
export function rawLines(port: number, ...lines: readonly string[]): Promise<string> {
  return rawRequest(port, `${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`)
}

export const json = { 'content-type': 'application/json' }

/** Sends JSON. */
export function send(url: string, method: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(url, { method, headers: { ...(body === undefined ? {} : json), ...headers }, ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }) })
}

interface ProblemBody {
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly errors: readonly { readonly path: string; readonly message: string }[]
  readonly requestId: string
  readonly traceId: string
}

/** The answer's problem, its shape checked. */
export async function problemOf(t: ExecutionContext, answer: Response): Promise<ProblemBody> {
  t.regex(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
  const problem = await answer.json() as ProblemBody & Record<string, unknown>
  t.deepEqual(Object.keys(problem), ['type', 'title', 'status', 'code', 'detail', 'errors', 'retryable', 'requestId', 'traceId'])
  t.is(problem.status, answer.status)
  t.is(problem['type'], `urn:portico:error:${problem.code}`)
  t.is(answer.headers.get('x-request-id'), problem.requestId)
  return problem
}
