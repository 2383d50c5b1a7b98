import test from 'ava'
import { shortLine } from '../../../kernel/cli/log-lines.ts'
import { plain } from '../../../kernel/cli/terminal.ts'

// The time is shown as the machine's own.
const time = new Date(2026, 1, 3, 12, 4, 5).toISOString()
const common = { name: 'shop', hostname: 'box', pid: 7, v: 0, time }
const short = (record: object) => shortLine(JSON.stringify({ ...common, ...record }), plain)

test('a request takes one line, with its code when it failed', (t) => {
  const request = { level: 30, msg: 'request', traceId: 'a'.repeat(32), method: 'GET', route: '/v1/storage/:collection/:id', binding: 'storage', status: 200, ms: 1.234 }

  t.is(short(request), '12:04:05 GET /v1/storage/:collection/:id storage 200 1.2 ms')
  t.is(short({ ...request, binding: undefined, route: '/livez' }), '12:04:05 GET /livez 200 1.2 ms')
  t.is(short({ ...request, level: 40, status: 503, code: 'BINDING_UNAVAILABLE' }), '12:04:05 GET /v1/storage/:collection/:id storage 503 1.2 ms BINDING_UNAVAILABLE')
})

test('anything else is its level, its message and its fields', (t) => {
  t.is(short({ level: 40, msg: 'closing connections', deadlineMs: 10, why: 'not in time', list: [1], none: null }), '12:04:05 warn closing connections deadlineMs=10 why="not in time" list=[1] none=null')
  t.is(short({ level: 20, msg: 'looked', empty: '' }), '12:04:05 debug looked empty=""')
})

test('an error stands below with its codes, causes and frames', (t) => {
  const err = { name: 'Error', message: 'no answer', code: 'STORAGE_UNAVAILABLE', stack: 'Error: no answer\n    at ask (driver.ts:1:2)', cause: { message: 'refused', code: 'ECONNREFUSED' } }

  t.is(short({ level: 50, msg: 'failed', step: 'cache', err }), '12:04:05 error failed step=cache\n  STORAGE_UNAVAILABLE: no answer\n    at ask (driver.ts:1:2)\n  ECONNREFUSED: refused')
})

test('colour goes where it is asked for', (t) => {
  const line = shortLine(JSON.stringify({ ...common, level: 50, msg: 'failed' }), (style, text) => `<${style}>${text}</${style}>`)

  t.is(line, '<dim>12:04:05</dim> <red>error</red> failed')
})

test('nothing in a record moves the cursor, and what is no record stays as it is', (t) => {
  t.is(short({ level: 30, msg: 'a\u001b[2Jb\nc', ['k\u009b']: 'x\u009by' }), '12:04:05 info a?[2Jb?c k?=x?y')
  t.is(shortLine('not a record', plain), 'not a record')
  t.is(shortLine('12', plain), '12')
})
