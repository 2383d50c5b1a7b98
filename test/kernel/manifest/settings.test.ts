import test from 'ava'
import { errorsOfValue } from '../../../kernel/manifest/ajv.ts'
import { convertText, resolveSettings } from '../../../kernel/manifest/settings.ts'
import { toJsonSchema } from '../../../kernel/manifest/settings-schema.ts'
import { suggest } from '../../../kernel/manifest/suggest.ts'
import { defineSettings } from '../../../kernel/plugin.ts'

const settings = defineSettings({
  file: { doc: 'A file.', format: 'path' },
  size: { doc: 'A size.', format: 'bytes', default: '1MiB', min: 1_024 },
  wait: { doc: 'A wait.', format: 'duration', default: null },
  tls: { ca: { doc: 'A file.', format: 'path', default: null }, verify: { doc: 'Checks.', format: 'boolean', default: true } },
})
const context = { absolute: (path: string) => `/app/${path}`, opaque: () => false }

test('a factory gets defaults, units in names, absolute paths and groups', (t) => {
  t.deepEqual(resolveSettings(settings, { file: 'a.db' }, context), { file: '/app/a.db', sizeBytes: 1_048_576, waitMs: undefined, tls: { ca: undefined, verify: true } })
  t.deepEqual(resolveSettings(settings, { file: 'a.db', size: '2KiB', wait: '5s', tls: { verify: false } }, context), { file: '/app/a.db', sizeBytes: 2_048, waitMs: 5_000, tls: { ca: undefined, verify: false } })
})

test('a setting without a default is required, one with null is optional, and both are bounded', (t) => {
  const schema = toJsonSchema(settings)
  const keywordsOf = (value: unknown) => errorsOfValue(schema, value).map(({ keyword, instancePath }) => `${keyword} ${instancePath}`)

  t.deepEqual(keywordsOf({}), ['required '])
  t.deepEqual(keywordsOf({ file: 'a', size: '1B' }), ['x-min /size'])
  t.deepEqual(keywordsOf({ file: 'a', tls: { verfy: true } }), ['additionalProperties /tls'])
  t.deepEqual(keywordsOf({ file: 'a', tls: {} }), [])
})

for (const [type, text, value] of [
  ['integer', '12', 12], ['integer', '12abc', '12abc'], ['integer', '1.5', '1.5'], ['integer', '', ''], ['integer', '0x10', '0x10'], ['integer', '9007199254740993', '9007199254740993'],
  ['number', '1.5', 1.5], ['number', 'NaN', 'NaN'], ['number', '-2e3', -2_000], ['number', 'Infinity', 'Infinity'],
  ['boolean', 'true', true], ['boolean', 'false', false], ['boolean', 'yes', 'yes'], ['boolean', 'TRUE', 'TRUE'], ['string', '12', '12'],
] as const) {
  test(`the text ${JSON.stringify(text)} for ${type} becomes ${JSON.stringify(value)}`, (t) => {
    t.is(convertText({ type }, text), value)
  })
}

test('text becomes a list or a map for a setting, and only there', (t) => {
  t.deepEqual(convertText({ type: 'array', 'x-setting': 'list' }, 'a, b'), ['a', 'b'])
  t.deepEqual(convertText({ type: 'object', 'x-setting': 'map' }, 'a=1,b=x=y'), { a: '1', b: 'x=y' })
  t.is(convertText({ type: 'object', 'x-setting': 'map' }, 'nonsense'), 'nonsense')
  t.is(convertText({ type: 'array' }, 'a,b'), 'a,b')
})

for (const [word, known, nearest] of [
  ['flie', ['file', 'filter'], 'file'], ['lru', ['lru'], 'lru'], ['lur', ['lru', 'redis'], 'lru'], ['postgres', ['sqlite'], undefined], ['x', ['y'], 'y'], ['FILE', ['file'], 'file'], ['', ['a'], 'a'], ['breaker', ['bulkhead', 'circuitBreaker'], 'circuitBreaker'], ['late', ['latency', 'latest'], undefined],
] as const) {
  test(`of ${known.join(', ')}, ${JSON.stringify(word)} is taken for ${nearest ?? 'none'}`, (t) => {
    t.is(suggest(word, known), nearest)
  })
}
