import test from 'ava'
import type { FastifyInstance } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import { problemOf, send, serve } from './harness.ts'

const pricing = fastifyPlugin(async (scope: FastifyInstance) => {
  scope.addHook('onSend', async (_request, reply) => { reply.header('x-pricing', 'yes') })
  scope.setErrorHandler((error: Error, _request, reply) => reply.code(418).send({ teapot: error.message }))
  scope.get('/quote', async () => ({ price: 12 }))
  scope.post('/fail', async () => { throw new Error('own handler') })
}, { name: 'pricing', fastify: '5.x' })

test('an extension has routes below its prefix, and its hooks and error handler stay its own', async (t) => {
  const { url } = await serve(t, { extensions: [{ name: 'pricing', routes: pricing, prefix: '/pricing' }] })

  const quote = await fetch(`${url}/pricing/quote`)
  t.deepEqual(await quote.json(), { price: 12 })
  t.is(quote.headers.get('x-pricing'), 'yes')
  t.truthy(quote.headers.get('x-request-id'))
  t.is((await send(`${url}/pricing/fail`, 'POST', {})).status, 418)

  t.is((await fetch(`${url}/quote`)).status, 404)
  const kernels = await send(`${url}/v1/shelf/_fault`, 'POST', { kind: 'bug' })
  t.is(kernels.headers.get('x-pricing'), null)
  t.is((await problemOf(t, kernels)).code, 'KERNEL_BUG')
})

test('an extension without an error handler answers problems, and logs under its name', async (t) => {
  const routes = fastifyPlugin(async (scope: FastifyInstance) => {
    scope.get('/bug', async (request) => {
      request.log.info({ step: 1 }, 'about to fail')
      throw new Error('secret internals')
    })
    scope.get('/mine', async () => { throw Object.assign(new Error('not enough money'), { statusCode: 402 }) })
  }, { name: 'bare', fastify: '5.x' })
  const { url, log } = await serve(t, { extensions: [{ name: 'bare', routes, prefix: '/bare' }, { name: 'tasks' }] })

  const bug = await problemOf(t, await fetch(`${url}/bare/bug`))
  t.like(bug, { status: 500, code: 'KERNEL_BUG' })
  t.like(log.lines.find(({ message }) => message === 'about to fail')?.fields, { extension: 'bare', step: 1, traceId: bug.traceId })
  t.like(await problemOf(t, await fetch(`${url}/bare/mine`)), { status: 402, detail: 'not enough money' })
  t.is((await problemOf(t, await fetch(`${url}/bare/none`))).status, 404)
})

test('a prefix where the kernel stands is refused', async (t) => {
  for (const prefix of ['', '/', '/v1', '/v1/storage', '/health', '/docs/more', '/:any', '/*', 'pricing']) {
    await t.throwsAsync(serve(t, { extensions: [{ name: 'pricing', routes: pricing, prefix }] }), { code: 'HTTP_PREFIX_TAKEN' }, prefix)
  }
  await t.throwsAsync(serve(t, { extensions: [{ name: 'pricing', routes: pricing }] }), { code: 'HTTP_PREFIX_TAKEN' })
})

test('an extension that throws while it registers fails the start with its own error', async (t) => {
  const routes = fastifyPlugin(async () => { throw new Error('no price list') }, { name: 'broken' })

  await t.throwsAsync(serve(t, { extensions: [{ name: 'broken', routes, prefix: '/broken' }] }), { message: /no price list/ })
})

test("an extension's routes may have schemas, with Fastify's own compilers", async (t) => {
  const routes = fastifyPlugin(async (scope: FastifyInstance) => {
    scope.addSchema({ $id: 'amount', type: 'integer', minimum: 1 })
    const body = { type: 'object', required: ['amount'], properties: { amount: { $ref: 'amount#' } } }
    scope.post('/pay', { schema: { body, response: { 200: { type: 'object', properties: { paid: { type: 'boolean' } } } } } }, async () => ({ paid: true, secret: 'left out by the schema' }))
  }, { name: 'paying', fastify: '5.x' })
  const { url } = await serve(t, { extensions: [{ name: 'paying', routes, prefix: '/paying' }] })

  t.deepEqual(await (await send(`${url}/paying/pay`, 'POST', { amount: 5 })).json(), { paid: true })
  t.is((await send(`${url}/paying/pay`, 'POST', { amount: 0 })).status, 400)
})
