import test from 'ava'
import { problemOf, send, serve } from './harness.ts'

test('an operation is read from path, query, headers and body, and answered with status, ETag and Location', async (t) => {
  const { url } = await serve(t)

  const made = await send(`${url}/v1/shelf/top/n%2F1?ttlMs=5000&loud=true`, 'PUT', { text: 'hé"' }, { 'if-match': '"v7"' })
  t.is(made.status, 201)
  t.is(made.headers.get('etag'), '"v1"')
  t.is(made.headers.get('location'), '/v1/shelf/top/n%2F1')
  t.deepEqual(await made.json(), { id: 'n/1', value: { text: 'hé"', rest: { ttlMs: 5000, loud: true, ifVersion: 'v7' } }, version: 'v1' })

  const again = await send(`${url}/v1/shelf/top/n%2F1`, 'PUT', { text: 'b' }, { 'if-none-match': '*' })
  t.is(again.status, 200)
  t.deepEqual((await again.json() as { value: unknown }).value, { text: 'b', rest: { ifAbsent: true } })

  const read = await fetch(`${url}/v1/shelf/top/n%2F1`)
  t.is(read.headers.get('content-type'), 'application/json; charset=utf-8')
  t.deepEqual(await read.json(), { id: 'n/1', value: { text: 'b', rest: { ifAbsent: true } }, version: 'v2' })
})

test('a GET with the current version is a 304 without a body, and a HEAD has the headers of its GET', async (t) => {
  const { url } = await serve(t)
  await send(`${url}/v1/shelf/top/a`, 'PUT', {})

  for (const tag of ['"v1"', 'W/"v1"', '"x", "v1"', '*']) {
    const same = await fetch(`${url}/v1/shelf/top/a`, { headers: { 'if-none-match': tag } })
    t.is(same.status, 304, tag)
    t.is(same.headers.get('etag'), '"v1"')
    t.is(await same.text(), '')
  }
  t.is((await fetch(`${url}/v1/shelf/top/a`, { headers: { 'if-none-match': '"v2"' } })).status, 200)

  const head = await fetch(`${url}/v1/shelf/top/a`, { method: 'HEAD' })
  t.is(head.status, 200)
  t.is(head.headers.get('etag'), '"v1"')
  t.is(Number(head.headers.get('content-length')), (await (await fetch(`${url}/v1/shelf/top/a`)).text()).length)
})

test('a null output is the problem that the operation names, and 204 has no body', async (t) => {
  const { url } = await serve(t)

  const missing = await problemOf(t, await fetch(`${url}/v1/shelf/top/none`))
  t.like(missing, { status: 404, code: 'SHELF_NOTE_NOT_FOUND', detail: 'top/none is not there' })

  const removed = await fetch(`${url}/v1/shelf/top/none`, { method: 'DELETE' })
  t.is(removed.status, 204)
  t.is(await removed.text(), '')
})

test('two operations on one route are told apart by a field, each with its own limit', async (t) => {
  const { url } = await serve(t)
  const large = 'x'.repeat(2 * 1024 ** 2)

  t.deepEqual(await (await send(`${url}/v1/shelf/top/notes`, 'POST', { payload: 1 })).json(), { kind: 'one' })
  t.deepEqual(await (await send(`${url}/v1/shelf/top/notes`, 'POST', { list: [large] })).json(), { kind: 'many' })
  t.is((await problemOf(t, await send(`${url}/v1/shelf/top/notes`, 'POST', { payload: large }))).code, 'HTTP_BODY_TOO_LARGE')
})

test('a body field may have another name than its input field', async (t) => {
  const { url } = await serve(t)

  t.deepEqual(await (await send(`${url}/v1/shelf/top/_move`, 'POST', { shelf: 'low' })).json(), { moved: 'top>low' })
  t.deepEqual(await (await send(`${url}/v1/shelf/top/_move`, 'POST')).json(), { moved: 'top>' })
  const refused = await problemOf(t, await send(`${url}/v1/shelf/top/_move`, 'POST', { to: 'low' }))
  t.is(refused.errors[0]?.path, '/to')
})

test('named bindings have the same routes; what is not declared or not exposed is a 404 with the line to change', async (t) => {
  const { url } = await serve(t)

  t.is((await send(`${url}/v1/shelf.upper/a/b`, 'PUT', {})).headers.get('location'), '/v1/shelf.upper/a/b')
  t.is((await problemOf(t, await fetch(`${url}/v1/shelf/a/b`))).code, 'SHELF_NOTE_NOT_FOUND', 'another binding has other notes')

  for (const [path, line] of [['shelf.lower/a/b', 'add `shelf.lower: { … }` under `ports:`'], ['cellar/a', 'add `cellar: { … }` under `ports:`'], ['shelf.hidden/a/b', '`expose: false`']] as const) {
    const problem = await problemOf(t, await fetch(`${url}/v1/${path}`))
    t.like(problem, { status: 404, code: 'BINDING_NOT_FOUND' })
    t.true(problem.detail.includes(line), problem.detail)
  }
})

test('unknown and repeated query parameters, unknown fields and fields of the path are refused by name', async (t) => {
  const { url } = await serve(t)
  const refusals = [
    [await fetch(`${url}/v1/shelf/a/b?colour=red`), '/colour'],
    [await fetch(`${url}/v1/shelf/a/b?wide=true&wide=true`), '/wide'],
    [await fetch(`${url}/v1/shelf/a/b?wide=maybe`), '/wide'],
    [await send(`${url}/v1/shelf/a/b?ttlMs=1e3`, 'PUT', {}), '/ttlMs'],
    [await send(`${url}/v1/shelf/a/b?ttlMs=-5`, 'PUT', {}), '/ttlMs'],
    [await send(`${url}/v1/shelf/a/b?ttlMs=`, 'PUT', {}), '/ttlMs'],
    [await send(`${url}/v1/shelf/a/_find`, 'POST', { limit: 1, extra: true }), '/extra'],
    [await send(`${url}/v1/shelf/a/_find`, 'POST', { shelf: 'b' }), '/shelf'],
    [await send(`${url}/v1/shelf/a/_find`, 'POST', { limit: '5' }), '/limit'],
    [await send(`${url}/v1/shelf/a/b`, 'PUT', {}, { 'if-match': 'v1' }), '/If-Match'],
    [await send(`${url}/v1/shelf/a/b`, 'PUT', {}, { 'if-match': 'W/"v1"' }), '/If-Match'],
    [await send(`${url}/v1/shelf/a/b`, 'PUT', {}, { 'if-none-match': '"v1"' }), '/If-None-Match'],
    [await send(`${url}/v1/shelf/a/b`, 'DELETE', undefined, { 'if-match': '"v1"' }), '/if-match'],
    [await send(`${url}/v1/shelf/a/notes`, 'POST', { payload: 1 }, { 'idempotency-key': 'k' }), '/idempotency-key'],
  ] as const

  for (const [answer, path] of refusals) {
    const problem = await problemOf(t, answer)
    t.like(problem, { status: 400, code: 'INPUT_INVALID' })
    t.is(problem.errors[0]?.path, path)
  }
})

test('names that are actions, or that clients collapse, are no ids', async (t) => {
  const { url } = await serve(t)

  t.is((await send(`${url}/v1/shelf/a/_find`, 'POST')).status, 200, 'a body may be left out')
  t.is((await problemOf(t, await send(`${url}/v1/shelf/a/_x`, 'PUT', {}))).errors[0]?.path, '/id')
  t.is((await problemOf(t, await send(`${url}/v1/shelf/_a/x`, 'PUT', {}))).errors[0]?.path, '/shelf')
  t.is((await problemOf(t, await fetch(`${url}/v1/shelf/a/x%00`))).errors[0]?.path, '/id')
})

test('what stands in an answer came from the stored text, and degraded answers say so', async (t) => {
  const { url } = await serve(t)
  await send(`${url}/v1/shelf/degraded/a`, 'PUT', { deep: { list: [1, '\u2028'] } })

  const answer = await fetch(`${url}/v1/shelf/degraded/a`)

  t.is(answer.headers.get('portico-degraded'), 'shelf')
  t.is(await answer.text(), '{"id":"a","value":{"deep":{"list":[1,"\u2028"]}},"version":"v1"}')
  t.is((await fetch(`${url}/v1/shelf/top/a`)).headers.get('portico-degraded'), null)
})

test('request ids are echoed when well-formed, and the trace id is the one of traceparent', async (t) => {
  const { url } = await serve(t)
  const traceId = '0af7651916cd43dd8448eb211c80319c'

  const problem = await problemOf(t, await fetch(`${url}/v1/shelf/a/b`, { headers: { 'x-request-id': 'my-id.1', traceparent: `00-${traceId}-b7ad6b7169203331-01` } }))
  t.like(problem, { requestId: 'my-id.1', traceId })

  for (const [id, parent] of [['a b', 'nonsense'], ['x'.repeat(200), `00-${'0'.repeat(32)}-b7ad6b7169203331-01`], ['"; drop', `ff-${traceId}-b7ad6b7169203331-01`]] as const) {
    const made = await problemOf(t, await fetch(`${url}/v1/shelf/a/b`, { headers: { 'x-request-id': id, traceparent: parent } }))
    t.regex(made.requestId, /^[0-9a-f]{32}$/)
    t.not(made.traceId, traceId)
  }
})
