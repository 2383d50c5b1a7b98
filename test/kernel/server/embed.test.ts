import { tmpdir } from 'node:os'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { fastify } from 'fastify'
import portico from '../../../kernel/fastify.ts'
import type {} from '../../../kernel/ports/cache/index.ts'
import { problemOf, send } from './harness.ts'

async function host(t: ExecutionContext, options: { routes?: 'all' | 'v1' | false } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'portico-embed-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const app = fastify()
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.authorization === 'none') await reply.code(401).send({ host: 'refused' })
  })
  await app.register(portico, { manifest: { version: 1, name: 'shop', ports: { cache: { use: 'lru', with: { maxSize: '1MiB' } } } }, directory, ...options })
  app.get('/own', async (request) => {
    await app.ports.cache.set({ key: 'a', value: { from: 'host' } })
    return { own: request.url }
  })
  t.teardown(() => app.close())
  return { app, url: await app.listen({ host: '127.0.0.1', port: 0 }) }
}

test('a Fastify app has the bindings in process, and the kernel answers beside its own routes', async (t) => {
  const { app, url } = await host(t)

  t.deepEqual(await (await fetch(`${url}/own`)).json(), { own: '/own' })
  t.like(await (await fetch(`${url}/v1/cache/a`)).json(), { value: { from: 'host' } })
  t.is((await send(`${url}/v1/cache/b`, 'PUT', { value: [1] })).status, 204)
  t.deepEqual((await app.ports.cache.get({ key: 'b' }))?.value, [1])
  t.like(await (await fetch(`${url}/readyz`)).json(), { status: 'ready' })
})

test('what the kernel answers is as strict as on its own, and the host keeps its own errors', async (t) => {
  const { url } = await host(t)

  t.is((await problemOf(t, await send(`${url}/v1/cache/b`, 'PUT', '{'))).code, 'HTTP_BODY_MALFORMED')
  t.is((await problemOf(t, await send(`${url}/v1/cache/b`, 'PUT', 'x', { 'content-type': 'text/plain' }))).status, 415)
  t.is((await problemOf(t, await fetch(`${url}/v1/cellar/b`))).code, 'BINDING_NOT_FOUND')
  t.like(await (await fetch(`${url}/nope`)).json(), { statusCode: 404, error: 'Not Found' })
  t.is((await fetch(`${url}/v1/cache/a`, { headers: { authorization: 'none' } })).status, 401, "the host's hooks run first")
})

test('a host may keep the probes, or all of HTTP, for itself', async (t) => {
  const bare = await host(t, { routes: 'v1' })
  t.is((await fetch(`${bare.url}/health`)).status, 404)
  t.is((await fetch(`${bare.url}/v1/kernel`)).status, 200)

  const silent = await host(t, { routes: false })
  t.is((await fetch(`${silent.url}/v1/kernel`)).status, 404)
  t.is(typeof silent.app.ports.cache.get, 'function')
})

test('the kernel closes with its host', async (t) => {
  const { app } = await host(t)

  await app.close()

  await t.throwsAsync(app.ports.cache.get({ key: 'a' }), { code: 'BINDING_UNAVAILABLE' })
})

test('a manifest that is wrong fails the registration with its report', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())

  await t.throwsAsync(async () => { await app.register(portico, { manifest: { version: 1, name: 'shop', prots: {} } }) }, { code: 'MANIFEST_INVALID' })
})
