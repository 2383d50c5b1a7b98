import type { ExecutionContext } from 'ava'
import fc from 'fast-check'
import { rawRequest } from './harness.ts'

/** Pieces that have broken servers, for paths, queries, headers and bodies. */
const nasty = [
  '', '.', '..', '%2e%2e', '%2e%2e%2f%2e%2e%2fetc%2fpasswd', '../../etc/passwd', '%00', '%', '%zz', '%ff%fe', '%ed%a0%80', '%F0%9F%98%80', '_find', '_', '__proto__', 'constructor',
  'toString', 'hasOwnProperty', '%5F%5Fproto%5F%5F', "';drop table x;--", '${7*7}', '{{7*7}}', '*', '%2F', '%5C', ';', '@', ':id', '-0', '1e400', '-1', '9007199254740993', '99999999999999999999', 'NaN', 'null', 'true', 'x'.repeat(300), 'x'.repeat(4_000),
]

const bodies = [
  '', '{', '[', 'nul', '"', '{"a":}', '{} {}', '\u0000', '"\\ud800"', '{"\\u0000":1}', '{"__proto__":{}}', '{"constructor":{"prototype":{}}}', '1e400', '-1e400', '[1e400]', '-0', '[]', '{}', 'null', '0', '""',
  '['.repeat(100_000), '{"a":'.repeat(1_000), `{"a":"${'x'.repeat(100_000)}"}`, '{"limit":-1}', '{"limit":1e308}', '{"where":{"$or":[]}}', '{"where":{"a":{"$nope":1}}}', '{"ids":["a","a"]}', '{"keys":[1,{}]}', '{"operations":[{"put":null},{"x":1}]}',
  '{"payload":1,"delayMs":-5}', '{"payload":1,"delayMs":9007199254740993}', '{"list":{"length":1e9}}', '{"toJSON":1,"then":2,"valueOf":null}', '\ufeff{}', '{"a":1,"a":2}', JSON.stringify({ ['k'.repeat(50_000)]: 1 }),
]

const headers = [
  'Content-Type: application/json', 'Content-Type: application/merge-patch+json', 'Content-Type: text/plain', 'Content-Type: application/json; charset=utf-16', 'Content-Type: ', 'Content-Encoding: gzip', 'If-Match: "x"', 'If-Match: *', 'If-None-Match: *', 'If-Match: "',
  'If-None-Match: W/"x", "y"', 'X-Request-Id: \u0001', 'X-Request-Id: a\tb', 'traceparent: 00-x', 'Idempotency-Key: 1', 'Range: bytes=0-1', 'Accept: nothing/here', 'Accept-Version: 1.x', 'Origin: null', 'X-Http-Method-Override: DELETE', 'Connection: upgrade\r\nUpgrade: websocket', 'Expect: 100-continue', 'TE: trailers', 'Content-Length: 1',
]

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'get', 'NOPE']

/**
 * Sends random requests made of nasty pieces to routes below `bases`: each is answered, and none with a 5xx.
 * The pieces are mixed with random text, so that each run meets others.
 */
export async function assertHostileProof(t: ExecutionContext, port: number, bases: readonly string[], runs: number): Promise<void> {
  const piece = fc.oneof(fc.constantFrom(...nasty), fc.string({ maxLength: 20, unit: 'binary' }).map((text) => encodeURIComponent(text.toWellFormed())), fc.string({ maxLength: 10 }).map((text) => text.replaceAll(/[\s?#]/g, '')))
  const body = fc.oneof(fc.constantFrom(...bodies), fc.json({ maxDepth: 4 }), fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()))
  const request = fc.record({
    method: fc.constantFrom(...methods),
    base: fc.constantFrom(...bases),
    path: fc.array(piece, { maxLength: 5 }),
    query: fc.array(fc.tuple(piece, piece), { maxLength: 3 }),
    headers: fc.array(fc.constantFrom(...headers), { maxLength: 4 }),
    body,
  })

  await fc.assert(fc.asyncProperty(request, async (one) => {
    const query = one.query.map(([name, value]) => `${name}=${value}`).join('&')
    const target = `${one.base}${one.path.map((name) => `/${name}`).join('')}${query === '' ? '' : `?${query}`}`
    const bytes = Buffer.from(one.body)
    const head = [`${one.method} ${target} HTTP/1.1`, 'Host: localhost', ...new Set(one.headers), `Content-Length: ${bytes.length}`, 'Connection: close'].join('\r\n')
    const answer = await rawRequest(port, `${head}\r\n\r\n`, bytes)
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, ''))?.[1])
    if (!(status >= 200 && status < 500)) throw new Error(`${status} for ${one.method} ${target}: ${answer.slice(0, 600)}`)
    if (status >= 400 && one.method !== 'HEAD' && !answer.includes('application/problem+json')) throw new Error(`no problem: ${answer.slice(0, 600)}`)
  }), { numRuns: runs, ...(process.env['FC_SEED'] ? { seed: Number(process.env['FC_SEED']) } : {}) })
  t.pass()
}
