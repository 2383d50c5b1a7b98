import { Script } from 'node:vm'
import test from 'ava'
import { shelfPort } from './shelf.ts'
import { bindShelf, keepLog, problemOf, serve } from './harness.ts'

test('the probes answer, and tell why a server is not ready', async (t) => {
  let ready: true | string = true
  const { url } = await serve(t, { ready: () => ready })

  t.deepEqual(await (await fetch(`${url}/livez`)).json(), { status: 'alive' })
  t.deepEqual(await (await fetch(`${url}/readyz`)).json(), { status: 'ready' })

  ready = 'storage is down'
  t.like(await problemOf(t, await fetch(`${url}/readyz`)), { status: 503, code: 'KERNEL_NOT_READY', detail: 'storage is down' })
})

test('a server is ready only while every binding that is not optional is up', async (t) => {
  const shelf = bindShelf('shelf', keepLog())
  const failing = { ...shelf, name: 'shelf.b', health: () => Promise.resolve({ status: 'failed' as const, latencyMs: 1 }) }
  const ready = async (optional: boolean) => {
    const { url } = await serve(t, { bindings: new Map([['shelf', shelf], ['shelf.b', { ...failing, optional }]]) })
    return fetch(`${url}/readyz`)
  }

  t.is((await ready(true)).status, 200)
  t.like(await problemOf(t, await ready(false)), { status: 503, code: 'KERNEL_NOT_READY', detail: 'down: shelf.b' })
})

test('health tells of each binding; one that may fail only degrades the whole', async (t) => {
  const shelf = bindShelf('shelf', keepLog())
  const failing = { ...shelf, name: 'shelf.b', health: () => Promise.reject(new Error('secret')) }
  const read = async (optional: boolean) => {
    const { url } = await serve(t, { bindings: new Map([['shelf', shelf], ['shelf.b', { ...failing, optional }]]) })
    const answer = await fetch(`${url}/health`)
    return { code: answer.status, ...await answer.json() as object }
  }

  const bindings = { shelf: { status: 'ok', plugin: 'memory', latencyMs: 0 }, 'shelf.b': { status: 'failed', plugin: 'memory', latencyMs: 0, error: 'the health check itself failed' } }
  t.deepEqual(await read(true), { code: 200, status: 'degraded', bindings })
  t.deepEqual(await read(false), { code: 503, status: 'failed', bindings })
})

test('the kernel describes itself, and its metrics are Prometheus text', async (t) => {
  const { url } = await serve(t)

  const kernel = await (await fetch(`${url}/v1/kernel`)).json() as { bindings: object[] }
  t.like(kernel, { name: 'shop', version: '0.1.0', manifest: { path: 'infra.config.yaml', sha256: 'ab' }, startedAt: '1970-01-01T00:00:00.000Z' })
  t.deepEqual(Object.keys(kernel.bindings[0] ?? {}), ['name', 'port', 'plugin', 'version', 'capabilities', 'state', 'since'])

  const metrics = await fetch(`${url}/metrics`)
  t.regex(metrics.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
})

test('the OpenAPI document has every exposed operation, whole, with nothing that it refers to missing', async (t) => {
  const { url } = await serve(t)
  const spec = await (await fetch(`${url}/openapi.json`)).json() as Spec

  t.is(spec.openapi, '3.1.0')
  t.false(Object.keys(spec.paths).some((path) => path.includes('hidden')))
  for (const name of ['shelf', 'shelf.upper']) {
    for (const [operation, { http }] of Object.entries(shelfPort.operations)) {
      const found = spec.paths[`/v1/${name}${http?.path.replaceAll(/:(\w+)/g, '{$1}') ?? ''}`]?.[http?.method.toLowerCase() ?? '']
      t.truthy(found, operation)
    }
  }

  const text = JSON.stringify(spec)
  for (const [, reference] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    t.truthy((reference ?? '').split('/').reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], spec), reference)
  }
  for (const [path, item] of Object.entries(spec.paths)) {
    for (const operation of Object.values(item)) {
      const inPath = operation.parameters.filter((one) => one.in === 'path').map((one) => `{${one.name}}`)
      t.deepEqual(inPath, path.match(/\{\w+\}/g) ?? [], path)
      t.true(operation.parameters.every((one) => typeof one.schema === 'object'))
      t.true(Object.keys(operation.responses).some((status) => status.startsWith('2')), path)
      t.truthy(operation.responses['default'], path)
    }
  }
  const ids = Object.values(spec.paths).flatMap((item) => Object.values(item).map((operation) => operation.operationId))
  t.is(new Set(ids).size, ids.length, 'operation ids are unique')

  const put = spec.paths['/v1/shelf/{shelf}/{id}']?.['put']
  t.deepEqual(put?.parameters.map(({ name }) => name), ['shelf', 'id', 'ttlMs', 'loud', 'If-Match', 'If-None-Match', 'X-Request-Id', 'traceparent'])
  t.deepEqual(Object.keys(put?.responses['201']?.headers ?? {}).sort(), ['ETag', 'Location', 'Portico-Degraded', 'X-Request-Id'])
  t.truthy(spec.paths['/v1/shelf/{shelf}/{id}']?.['get']?.responses['304'])
  const notes = spec.paths['/v1/shelf/{shelf}/notes']?.['post']?.requestBody?.content['application/json']?.schema
  t.is((notes?.anyOf as unknown[] | undefined)?.length, 2, 'two operations on one route')
})

interface Spec {
  readonly openapi: string
  readonly paths: Record<string, Record<string, {
    readonly operationId: string
    readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: unknown }[]
    readonly requestBody?: { readonly content: Record<string, { readonly schema: Record<string, unknown> }> }
    readonly responses: Record<string, { readonly headers?: object }>
  }>>
}

test('the documentation page needs nothing but this server, and its policy admits only its own script', async (t) => {
  const { url } = await serve(t)

  const answer = await fetch(`${url}/docs`)
  const page = await answer.text()

  t.regex(answer.headers.get('content-type') ?? '', /^text\/html/)
  t.notRegex(page, /(?:src|href)="(?!\/|data:|#)/, 'nothing is fetched from elsewhere')
  const policy = answer.headers.get('content-security-policy') ?? ''
  t.regex(policy, /default-src 'none'/)
  t.false(policy.includes('unsafe'))
  const script = /<script>([^]*)<\/script>/.exec(page)?.[1] ?? ''
  t.notThrows(() => new Script(script), 'the script is valid JavaScript')
  t.false(script.includes('innerHTML'))
  const digest = Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(script))).toString('base64')
  t.true(policy.includes(`'sha256-${digest}'`))
})

test('a query parameter that the kernel\'s own routes do not know is refused', async (t) => {
  const { url } = await serve(t)

  for (const path of ['/livez', '/readyz', '/health', '/metrics', '/v1/kernel', '/openapi.json', '/docs']) {
    t.deepEqual((await problemOf(t, await fetch(`${url}${path}?verbose=1`))).errors, [{ path: '/verbose', message: 'is not a query parameter of this route' }], path)
    t.is((await fetch(`${url}${path}?`)).status, 200, path)
  }
  t.is((await problemOf(t, await fetch(`${url}/livez?%zz`))).code, 'HTTP_URL_MALFORMED')
})
