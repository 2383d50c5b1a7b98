import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { bodyOf, startPartner } from './partner.ts'

export const operations = {
  pay: { method: 'POST', path: '/pay', idempotencyKey: true },
  once: { method: 'POST', path: '/once' },
}

/** What a partner was asked, in order. */
export interface Asked {
  readonly path: string
  readonly key: string
  readonly body: unknown
}

/** A partner that is up or down as the test says, and notes what it is asked while it is up. */
export async function startSwitched(t: ExecutionContext) {
  const asked: Asked[] = []
  let answer: (asked: Asked, response: ServerResponse) => void = (_, response) => response.writeHead(503).end()
  const note = async (request: IncomingMessage, response: ServerResponse) => {
    const one = { path: request.url ?? '', key: String(request.headers['idempotency-key']), body: JSON.parse(await bodyOf(request)) as unknown }
    asked.push(one)
    answer(one, response)
  }
  const { url } = await startPartner(t, (request, response) => { void note(request, response) })
  return {
    url, asked,
    answers(how: (asked: Asked, response: ServerResponse) => void) { answer = how },
    /** Answers 200 from now on. */
    back() { answer = (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}') },
  }
}

export function emptyFolder(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'portico-outbox-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A kernel whose calls to the partner fall back to an outbox that is replayed at once. */
export async function openWithOutbox(t: ExecutionContext, baseUrl: string, directory: string, replay: object = {}) {
  const fallback = [{ use: 'file', with: { directory, replay: { perSecond: 1_000, backoff: '20ms', maxBackoff: '100ms', ...replay } } }]
  const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: { use: 'http', with: { baseUrl }, operations, fallback } } }, { directory: tmpdir(), env: {} })
  let closed = false
  const close = async () => {
    if (!closed) await kernel.close()
    closed = true
  }
  t.teardown(close)
  return { kernel, partner: kernel.ports.integrations, close }
}

/** Answers when `is` does; fails the test when it does not within 20 s. */
export async function until(t: ExecutionContext, is: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 20_000
  while (!(await is())) {
    if (performance.now() > end) return void t.fail(`not within 20 s: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

export function linesIn(directory: string): readonly string[] {
  const files = readdirSync(directory).filter((name) => name.endsWith('.ndjson'))
  return files.flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n').filter(Boolean))
}
