import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { RequestListener } from 'node:http'
import { echo, openHttp, startPartner } from './partner.ts'

const operations = { post: { method: 'POST', path: '/charges' }, again: { method: 'POST', path: '/charges', idempotent: true } }

async function withFallback(t: ExecutionContext, url: string, timeout = '20s') {
  const directory = mkdtempSync(join(tmpdir(), 'portico-fallback-'))
  t.teardown(() => rmSync(directory, { recursive: true }))
  const partner = await openHttp(t, url, operations, { settings: { timeout }, keys: { fallback: [{ use: 'file', with: { directory } }] } })
  const kept = () => readdirSync(directory).flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as { operation: string; input: unknown }))
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

const failures: Readonly<Record<string, RequestListener>> = {
  'answers 500': (request, response) => { request.resume(); response.writeHead(500).end() },
  'is late': () => undefined,
  'drops the connection': (request) => request.socket.destroy(),
}
for (const [what, answer] of Object.entries(failures)) {
  test(`a partner that ${what}: the fallback keeps what is idempotent, and never what is not`, async (t) => {
    const { url } = await startPartner(t, answer)
    const { partner, kept } = await withFallback(t, url, what === 'is late' ? '100ms' : '20s')

    t.like(await partner.call({ operation: 'again', input: {} }), { degraded: true, via: 'file' })
    const error = await t.throwsAsync(partner.call({ operation: 'post', input: {} }))

    t.regex((error as unknown as { code: string } | undefined)?.code ?? '', /^INTEGRATION_(OUTCOME_UNKNOWN|MAYBE_APPLIED)$/)
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
