import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { PorticoError } from '../../../kernel/plugin.ts'
import type { RequestListener } from 'node:http'
import { echo, openHttp, startPartner } from './partner.ts'

const operations = { post: { method: 'POST', path: '/charges' }, again: { method: 'POST', path: '/charges', idempotent: true }, read: { method: 'GET', path: '/charges' } }

async function withFallback(t: ExecutionContext, url: string, { timeout = '20s', when, others = [] }: { timeout?: string; when?: readonly string[]; others?: readonly object[] } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'portico-fallback-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const partner = await openHttp(t, url, operations, { settings: { timeout }, keys: { fallback: [{ use: 'file', with: { directory, replay: { enabled: false } }, ...(when && { when }) }, ...others] } })
  const kept = () => readdirSync(directory).filter((name) => name.endsWith('.ndjson')).flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as { operation: string; input: unknown }))
  return { partner, kept }
}

test('the partner answers while it can', async (t) => {
  const { url } = await startPartner(t, echo)
  const { partner, kept } = await withFallback(t, url)
  t.like(await partner.call({ operation: 'post', input: { a: 1 } }), { degraded: false, via: 'http', accepted: false })
  t.deepEqual(kept(), [])
})

test('a call that surely did not happen is kept by the fallback, marked as degraded', async (t) => {
  const { url, close } = await startPartner(t, echo)
  await close()
  const { partner, kept } = await withFallback(t, url)
  let degraded = 0

  const output = await partner.call({ operation: 'post', input: { a: 1 } }, { onDegraded: () => (degraded += 1) })

  t.deepEqual(output, { output: null, degraded: true, via: 'file', accepted: true })
  t.is(degraded, 1)
  t.like(kept(), [{ operation: 'post', input: { a: 1 } }])
})

test('what only reads is not kept: the next fallback is asked, or the caller has the partner\'s failure', async (t) => {
  const { url, close } = await startPartner(t, echo)
  await close()
  const second = await startPartner(t, echo)
  const alone = await withFallback(t, url)
  const backed = await withFallback(t, url, { others: [{ use: 'http', with: { baseUrl: second.url } }] })

  await t.throwsAsync(alone.partner.call({ operation: 'read', input: {} }), { code: 'INTEGRATION_UNREACHABLE' })
  t.like(await backed.partner.call({ operation: 'read', input: {} }), { degraded: true, via: 'http', accepted: false })
  t.deepEqual([...alone.kept(), ...backed.kept()], [])
})

const failures: Readonly<Record<string, RequestListener>> = {
  'answers 500': (request, response) => { request.resume(); response.writeHead(500).end() },
  'is late': () => undefined,
  'drops the connection': (request) => request.socket.destroy(),
}
for (const [what, answer] of Object.entries(failures)) {
  test(`a partner that ${what}: the fallback keeps what is idempotent, and never what is not`, async (t) => {
    const { url } = await startPartner(t, answer)
    const { partner, kept } = await withFallback(t, url, { timeout: what === 'is late' ? '1500ms' : '20s' })

    t.like(await partner.call({ operation: 'again', input: {} }), { degraded: true, via: 'file' })
    const error = await t.throwsAsync<PorticoError>(partner.call({ operation: 'post', input: {} }))

    t.regex(error?.code ?? '', /^INTEGRATION_(OUTCOME_UNKNOWN|MAYBE_APPLIED)$/)
    t.is(kept().length, 1)
  })
}

test('a refusal and a bad answer are answers: no fallback', async (t) => {
  let status = 422
  const { url } = await startPartner(t, (request, response) => { request.resume(); response.writeHead(status, { 'content-type': 'text/plain' }).end('x') })
  const { partner, kept } = await withFallback(t, url)

  await t.throwsAsync(partner.call({ operation: 'again' }), { code: 'INTEGRATION_PARTNER_REFUSED' })
  status = 200
  await t.throwsAsync(partner.call({ operation: 'again' }), { code: 'INTEGRATION_BAD_ANSWER' })
  t.deepEqual(kept(), [])
})

const whys: Readonly<Record<string, RequestListener>> = {
  '5xx': failures['answers 500'] as RequestListener,
  timeout: failures['is late'] as RequestListener,
  lost: failures['drops the connection'] as RequestListener,
  busy: (request, response) => { request.resume(); response.writeHead(429).end() },
}
for (const [why, answer] of Object.entries(whys)) {
  test(`a fallback for ${why} takes over for that, and one for the others does not`, async (t) => {
    const { url } = await startPartner(t, answer)
    const timeout = why === 'timeout' ? '1500ms' : '20s'
    const declared = await withFallback(t, url, { timeout, when: ['unreachable', why] })
    const others = await withFallback(t, url, { timeout, when: ['open', 'unreachable', ...Object.keys(whys).filter((other) => other !== why)] })

    t.like(await declared.partner.call({ operation: 'again', input: {} }), { degraded: true, via: 'file' })
    const error = await t.throwsAsync<PorticoError>(others.partner.call({ operation: 'again', input: {} }))

    t.regex(error?.code ?? '', /^INTEGRATION_(PARTNER_FAILED|TIMEOUT)$/)
    t.deepEqual([declared.kept().length, others.kept().length], [1, 0])
  })
}

test('another partner over HTTP is a fallback: the first that is for the failure answers, marked', async (t) => {
  const { url: broken } = await startPartner(t, failures['answers 500'] as RequestListener)
  const { url } = await startPartner(t, echo)
  const { partner, kept } = await withFallback(t, broken, { when: ['timeout'], others: [{ use: 'http', with: { baseUrl: url }, when: ['5xx'] }] })

  const output = await partner.call({ operation: 'again', input: { a: 1 } })

  t.like(output, { degraded: true, via: 'http', accepted: false, output: { body: { a: 1 } } })
  t.deepEqual(kept(), [])
})

test('when the second partner fails too, the outbox after it is asked by what that one failed with', async (t) => {
  const { url: broken } = await startPartner(t, failures['answers 500'] as RequestListener)
  const { url: gone, close } = await startPartner(t, echo)
  await close()
  const directory = mkdtempSync(join(tmpdir(), 'portico-fallback-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const second = { use: 'http', with: { baseUrl: gone } }
  const { partner } = await withFallback(t, broken, { when: ['busy'], others: [second, { use: 'file', with: { directory }, when: ['unreachable'] }] })

  t.like(await partner.call({ operation: 'post', input: {} }).catch((error: unknown) => error), { code: 'INTEGRATION_MAYBE_APPLIED' })
  t.like(await partner.call({ operation: 'again', input: {} }), { degraded: true, via: 'file' })
})
