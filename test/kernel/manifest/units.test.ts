import test from 'ava'
import { bytesSchema, documentSchema, durationSchema, parseBytes, parseDuration, parseShare, pathSchema, resolveUnits } from '../../../kernel/manifest/units.ts'

for (const [text, ms] of Object.entries({ '0ms': 0, '250ms': 250, '2s': 2_000, '5m': 300_000, '1h': 3_600_000, '7d': 604_800_000 })) {
  test(`${text} is ${ms} milliseconds`, (t) => { t.is(parseDuration(text), ms) })
}

for (const [text, bytes] of Object.entries({ '512B': 512, '64KiB': 65_536, '10MiB': 10_485_760, '1GiB': 1_073_741_824 })) {
  test(`${text} is ${bytes} bytes`, (t) => { t.is(parseBytes(text), bytes) })
}

for (const text of ['', '5', 's', '5 s', '-1s', '1.5s', '5S', '05s', '1e3s', '5s\n', '999999999999999d', '64KB', '٣s']) {
  test(`${JSON.stringify(text)} is neither a duration nor a size`, (t) => {
    t.is(parseDuration(text), undefined)
    t.is(parseBytes(text), undefined)
  })
}

for (const [text, share] of Object.entries({ '0%': 0, '5%': 0.05, '0.1%': 0.001, '12.5%': 0.125, '100%': 1 })) {
  test(`${text} is ${share}`, (t) => { t.is(parseShare(text), share) })
}

for (const text of ['', '%', '5', '5 %', '-5%', '101%', '100.5%', '05%', '.5%', '5%\n', '1e1%']) {
  test(`${JSON.stringify(text)} is no share`, (t) => { t.is(parseShare(text), undefined) })
}

const context = { absolute: (path: string) => `/app/${path}`, load: (document: unknown) => ({ loaded: document }), scripts: () => [], opaque: (value: unknown) => typeof value === 'symbol' }

test('a unit moves from the value into the name, defaults are filled in, paths and documents are resolved', (t) => {
  const entry = { type: 'object', properties: { lease: { ...durationSchema, default: '30s' }, maxValue: bytesSchema, folder: pathSchema, schema: documentSchema } }
  const schema = { type: 'object', properties: { queues: { type: 'object', additionalProperties: entry } } }

  const resolved = resolveUnits(schema, { queues: { emails: { maxValue: '1MiB', folder: 'x', schema: './s.json' }, sms: { lease: '5s', schema: { type: 'object' } } } }, context)

  t.deepEqual(resolved, { queues: {
    emails: { leaseMs: 30_000, maxValueBytes: 1_048_576, folder: '/app/x', schema: { loaded: './s.json' } },
    sms: { leaseMs: 5_000, schema: { loaded: { type: 'object' } } },
  } })
})

test('the names of a map stay as they are, also odd ones', (t) => {
  const resolved = resolveUnits({ type: 'object', additionalProperties: durationSchema }, JSON.parse('{ "lease": "5s", "__proto__": "1s" }'), context) as object

  t.deepEqual(Object.entries(resolved), [['lease', 5_000], ['__proto__', 1_000]])
})

test('of alternatives the one that fits the value is taken', (t) => {
  const schema = { type: 'object', properties: { keep: { anyOf: [{ const: 'forever' }, durationSchema, { type: 'object', properties: { done: durationSchema } }] } } }

  t.deepEqual(resolveUnits(schema, { keep: '1d' }, context), { keepMs: 86_400_000 })
  t.deepEqual(resolveUnits(schema, { keep: { done: '1d' } }, context), { keepMs: { doneMs: 86_400_000 } })
})

test('what is not known yet is handed on', (t) => {
  const later = Symbol('later')

  t.deepEqual(resolveUnits({ type: 'object', properties: { lease: durationSchema } }, { lease: later }, context), { leaseMs: later })
})
