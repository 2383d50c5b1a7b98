import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import test, { type ExecutionContext } from 'ava'
import { isPorticoError, type PorticoError } from '../../../kernel/plugin.ts'
import { startPartner } from '../integrations-http/partner.ts'
import { emptyFile, replay, startRecording } from './recorded.ts'

const operations = {
  ok: { method: 'GET', path: '/ok' }, missing: { method: 'GET', path: '/missing', expect: [200, 404] }, refused: { method: 'POST', path: '/refused' },
  declared: { method: 'POST', path: '/declared', errors: { 409: { code: 'ALREADY_CHARGED' } } }, busy: { method: 'POST', path: '/busy' }, page: { method: 'GET', path: '/page' },
  broken: { method: 'GET', path: '/broken' }, empty: { method: 'DELETE', path: '/empty' }, lost: { method: 'GET', path: '/lost' }, gone: { method: 'POST', path: '/gone' },
  wrong: { method: 'GET', path: '/wrong', output: { type: 'array' } },
}

const answers: Readonly<Record<string, RequestListener>> = {
  '/ok': (_, response) => json(response, 200, { a: [1, 'é😀', null] }), '/missing': (_, response) => json(response, 404, { none: true }),
  '/refused': (_, response) => json(response, 422, { why: 'too much' }), '/declared': (_, response) => json(response, 409, {}),
  '/busy': (_, response) => { response.setHeader('retry-after', '7'); json(response, 429, {}) },
  '/page': (_, response) => response.setHeader('content-type', 'text/html').end('<p>token=abc</p>'),
  '/broken': (_, response) => response.setHeader('content-type', 'application/json').end('{"a":'),
  '/empty': (_, response) => response.writeHead(204).end(), '/lost': (request) => request.socket.destroy(), '/gone': (request) => request.socket.destroy(),
  '/wrong': (_, response) => json(response, 200, {}),
}

function json(response: Parameters<RequestListener>[1], status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Outputs and errors, as far as a caller can tell them apart. */
async function outcomes(partner: Awaited<ReturnType<typeof replay>>): Promise<readonly unknown[]> {
  const all: unknown[] = []
  for (const operation of Object.keys(operations)) {
    const one = await partner.call({ operation }).then(({ output }) => ({ output }), (error: unknown) => {
      if (!isPorticoError(error)) throw error
      const { code, reason, retryAfterMs, details } = error
      return { code, reason, retryAfterMs, details }
    })
    all.push([operation, one])
  }
  return all
}

const line = (operation: string, input: unknown, more: object = { output: {} }) => JSON.stringify({ operation, input, ...more })

const pay = { pay: { input: { type: 'object' } }, other: {} }

function replayed(t: ExecutionContext, lines: readonly string[], settings: object = {}) {
  return replay(t, emptyFile(t, `${lines.join('\n')}\n`), pay, settings)
}

test('every answer, refusal and failure is to the caller what it was when it was recorded', async (t) => {
  const { url, close } = await startPartner(t, (request, response) => { request.resume(); answers[request.url ?? '']?.(request, response) })
  const file = emptyFile(t)
  const recording = await startRecording(t, url, operations, { record: { file } })
  const live = await outcomes(recording.partner)
  await recording.close()
  await close()

  const again = await outcomes(await replay(t, file, operations))

  t.deepEqual(again, live)
  t.like(Object.fromEntries(live as [string, object][]), { ok: { output: { a: [1, 'é😀', null] } }, declared: { reason: 'ALREADY_CHARGED' }, busy: { retryAfterMs: 7_000 }, gone: { code: 'INTEGRATION_OUTCOME_UNKNOWN' } })
  t.false(readFileSync(file, 'utf8').includes('token=abc'))
})

test('the same call is answered in the order of the recording, then as at last; the order of keys makes no other call', async (t) => {
  const partner = await replayed(t, [line('pay', { a: 1, b: 2 }, { output: 'first' }), line('pay', { b: 2, a: 1 }, { output: 'second' }), line('pay', { a: 1 }, { output: 'other' })])
  const outputs: unknown[] = []

  for (const input of [{ b: 2, a: 1 }, { a: 1, b: 2 }, { a: 1, b: 2 }, { a: 1 }]) outputs.push((await partner.call({ operation: 'pay', input })).output)

  t.deepEqual(outputs, ['first', 'second', 'second', 'other'])
})

test('a call that is not recorded is told the nearest exchange, and where it differs', async (t) => {
  const partner = await replayed(t, [line('pay', { amount: 1, to: { iban: 'X', name: 'A' } }), '', line('pay', { amount: 5, to: { iban: 'Y', name: 'B' }, note: 'n' }), line('other', {})])

  const error = await t.throwsAsync<PorticoError>(partner.call({ operation: 'pay', input: { amount: 6, to: { iban: 'Y', name: 'B', more: 1 } } }), { code: 'INTEGRATION_NOT_RECORDED' })

  t.like(error, { status: 501, retryable: false, details: { nearestLine: 3, recorded: ['pay', 'other'] } })
  t.deepEqual(error?.errors, [
    { path: '/input/amount', message: 'is 5 in the recording' },
    { path: '/input/to/more', message: 'is not in the recording' },
    { path: '/input/note', message: 'is missing: it is "n" in the recording' },
  ])
})

test('a call of an operation without any exchange is told those that have some', async (t) => {
  const partner = await replayed(t, [line('pay', {})])

  const error = await t.throwsAsync(partner.call({ operation: 'other' }), { code: 'INTEGRATION_NOT_RECORDED' })

  t.like(error, { details: { operation: 'other', recorded: ['pay'], nearestLine: undefined } })
})

test('a call that is not recorded is the test\'s fault: the partner does not count as failed, and no fallback answers', async (t) => {
  const file = emptyFile(t, `${line('pay', {})}\n`)
  const partner = await replay(t, file, { pay: { answer: 'static' } }, {}, { fallback: [{ use: 'static' }] })
  await t.throwsAsync(partner.call({ operation: 'pay', input: { a: 1 } }), { code: 'INTEGRATION_NOT_RECORDED' })

  const description = await partner.describe({})

  t.like(description, { degraded: false, lastError: undefined })
})

test('an input is compared without what is masked in the exchange, and the nearest one likewise', async (t) => {
  const partner = await replayed(t, [line('pay', { card: { number: '***', cvc: 0 }, amount: 5 }, { output: 1, masked: ['/input/card'] })])

  const { output } = await partner.call({ operation: 'pay', input: { card: { number: '4242', cvc: 7 }, amount: 5 } })
  const error = await t.throwsAsync<PorticoError>(partner.call({ operation: 'pay', input: { card: { number: '4242', cvc: 7 }, amount: 6 } }), { code: 'INTEGRATION_NOT_RECORDED' })

  t.is(output, 1)
  t.deepEqual(error?.errors, [{ path: '/input/amount', message: 'is 5 in the recording' }])
})

test('what is nearest is found among thousands of exchanges with large inputs', async (t) => {
  const input = (n: number) => ({ n, list: Array.from({ length: 200 }, (_, index) => index * n) })
  const partner = await replayed(t, Array.from({ length: 2_000 }, (_, n) => line('pay', input(n))))

  const error = await t.throwsAsync(partner.call({ operation: 'pay', input: { ...input(1_234), n: -1 } }), { code: 'INTEGRATION_NOT_RECORDED' })

  t.like(error, { details: { nearestLine: 1_235 } })
})

test('an answer that was given cannot change the recording', async (t) => {
  const partner = await replayed(t, [line('pay', {}, { output: { a: 1 } })])
  const first = await partner.call({ operation: 'pay' })
  ;(first.output as { a: number }).a = 2

  t.deepEqual((await partner.call({ operation: 'pay' })).output, { a: 1 })
})

test('a line that is no exchange refuses the start by its number, and never shows what stands in it', async (t) => {
  const wrong = ['{', '[]', line('pay', {}, {}), line('pay', {}, { output: 1, failure: { why: 'lost', reached: true, reason: '' } }), line('pay', {}, { answer: { status: 99, mediaType: '' } }), '{"operation":"pay","input":{"__proto__":1},"output":1}', line('pay', {}, { output: 1, masked: ['/card'] }), `{"operation":"pay","input":${'['.repeat(200)}${']'.repeat(200)},"output":1}`, line('pay', { card: 'hunter2' }, { output: 'hunter2', at: 5 })]
  for (const text of wrong) {
    const error = await t.throwsAsync(replayed(t, [line('pay', {}), text]), { message: /line 2/ }, text.slice(0, 100))
    t.false(error?.message.includes('hunter2'))
  }
})

test('a last line that was cut short is passed over', async (t) => {
  const file = emptyFile(t, `${line('pay', {}, { output: 1 })}\n`)
  appendFileSync(file, '{"operation":"pay","inp')

  const partner = await replay(t, file, pay)

  t.is((await partner.call({ operation: 'pay' })).output, 1)
})

test('a file that is not there, is a folder or is larger than maxSize refuses the start', async (t) => {
  const file = emptyFile(t)
  await t.throwsAsync(replay(t, file, pay), { message: /cannot be read/ })
  await t.throwsAsync(replay(t, '/', pay), { message: /is no file/ })
  writeFileSync(file, ' '.repeat(1_025))

  await t.throwsAsync(replay(t, file, pay, { maxSize: '1KiB' }), { message: /larger than maxSize/ })
})
