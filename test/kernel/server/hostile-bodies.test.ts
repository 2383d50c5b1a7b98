import test from 'ava'
import { maxBodyValues, parseJsonBody } from '../../../kernel/server/json-body.ts'
import { placesOf } from '../../../kernel/server/input-paths.ts'
import { kernelError } from '../../../kernel/errors.ts'
import { storage } from '../../../kernel/ports/index.ts'
import type { HttpOperation } from '../../../kernel/server/input.ts'

const body = (text: string) => Buffer.from(text)

for (const [title, text] of [
  ['values', `[${'1,'.repeat(maxBodyValues)}1]`],
  ['objects', `[${'{},'.repeat(maxBodyValues / 2)}{}]`],
  ['fields', `{${Array.from({ length: maxBodyValues + 1 }, (_, index) => `"${index.toString(36)}":1`).join()}}`],
] as const) {
  test(`a body full of ${title} is refused before it is parsed`, (t) => {
    t.like(t.throws(() => parseJsonBody(body(text))), { code: 'HTTP_BODY_MALFORMED', errors: [{ path: '', message: `must hold at most ${maxBodyValues} values` }] })
  })
}

test('a body of 1 MiB may be full of anything', (t) => {
  for (const one of ['{},', '[],', '1,', '"",']) t.notThrows(() => parseJsonBody(body(`[${one.repeat(Math.floor((1024 ** 2 - 3) / one.length))}1]`)), one)
})

test('what stands in strings is not counted', (t) => {
  t.deepEqual(parseJsonBody(body(`["${',[{'.repeat(maxBodyValues)}\\"${','.repeat(maxBodyValues)}"]`)), [`${',[{'.repeat(maxBodyValues)}"${','.repeat(maxBodyValues)}`])
})

test('a number beyond doubles is found whatever its form, and long runs of digits in texts are not one', (t) => {
  for (const text of ['[1e400]', '[-1E+400]', `[${'9'.repeat(400)}]`, `[1,${'9'.repeat(310)}.5]`]) t.like(t.throws(() => parseJsonBody(body(text))), { code: 'HTTP_BODY_MALFORMED', errors: [{ message: 'must be a finite number' }] })
  t.deepEqual(parseJsonBody(body(`["${'9'.repeat(400)}"]`)), ['9'.repeat(400)])
})

test('errors name the places of the request: of the whole body, of query and headers', (t) => {
  const { put } = storage.operations
  const error = kernelError('INPUT_INVALID', { operation: 'storage.put' }, { errors: ['/value', '/value/a/0', '/valued', '/ttlMs', '/ifVersion', '/id', ''].map((path) => ({ path, message: 'is wrong' })) })

  const told = placesOf(put as HttpOperation)(error)

  t.like(told, { code: 'INPUT_INVALID', status: 400, message: error.message, cause: error })
  t.deepEqual((told as typeof error).errors.map(({ path }) => path), ['', '/a/0', '/valued', '/ttlMs', '/If-Match', '/id', ''])
  t.is(placesOf(storage.operations.find as HttpOperation)(error), error)
})
