import test from 'ava'
import { collectionsOf, type Collection } from '../../../../kernel/ports/storage/collections.ts'
import { changesOf, removalsOf, waitsForSteps } from '../../../../kernel/ports/storage/migrations/compare.ts'
import { refusalOf, standingsOf, stepsToRun, type StepNote } from '../../../../kernel/ports/storage/migrations/standing.ts'
import { keyName } from '../../../../kernel/ports/storage/names.ts'

const collection = collectionsOf({ collections: { orders: { indexes: [['status']], unique: [['number']] } } }).get('orders') as Collection
const [status = '', number = ''] = collection.indexes.map(keyName)
const whole = { keys: [status, number], indexes: [status, number], findsExpired: true }
const gone = 'k_0123456789abcdef'

const done = (found: Parameters<typeof changesOf>[1]) => changesOf(collection, found).map((change) => change.do)

test('a place that is whole needs nothing, and one that is not there is made at once', (t) => {
  t.deepEqual(done(whole), [])
  t.deepEqual(done(undefined), ['make-place'])
})

test('what is missing is made in an order that a crash can break anywhere: room, keys, then the index that says that they are there', (t) => {
  t.deepEqual(done({ keys: [], indexes: [], findsExpired: false }), ['make-expiry-index', 'add-keys', 'fill-keys', 'make-index', 'make-index'])
  t.deepEqual(done({ ...whole, indexes: [] }), ['fill-keys', 'make-index', 'make-index'])
  t.deepEqual(done({ ...whole, indexes: [status] }), ['fill-keys', 'make-index'])
})

test('an index that is no longer declared goes by itself, and its keys are a removal', (t) => {
  t.deepEqual(done({ ...whole, keys: [...whole.keys, gone], indexes: [...whole.indexes, gone] }), ['drop-index'])
  t.deepEqual(removalsOf(collection, { ...whole, keys: [...whole.keys, gone] }), [{ do: 'drop-keys', collection, keys: [gone] }])
  t.deepEqual(removalsOf(collection, whole), [])
  t.deepEqual(removalsOf(collection, undefined), [])
})

test('only what is unique waits for the steps', (t) => {
  t.deepEqual(changesOf(collection, { keys: [], indexes: [], findsExpired: true }).map(waitsForSteps), [false, false, false, true])
})

const file = (name: string, sha256 = 'a') => ({ name, path: `/steps/${name}`, sha256 })
const through: StepNote = { sha256: 'a', startedAt: '2026-11-25T10:00:00.000Z', finishedAt: '2026-11-25T10:00:01.000Z' }
const begun: StepNote = { sha256: 'a', startedAt: '2026-11-25T10:00:00.000Z', changed: 3 }
const notes = (of: Readonly<Record<string, StepNote>>) => new Map(Object.entries(of))

test('a step has run, is to run, or is half through, by its note', (t) => {
  const standings = standingsOf([file('1-a.ts'), file('2-b.ts'), file('10-c.ts')], notes({ '1-a.ts': through, '2-b.ts': begun }))

  t.deepEqual(standings.map(({ name, state }) => [name, state]), [['1-a.ts', 'applied'], ['2-b.ts', 'begun'], ['10-c.ts', 'pending']])
  t.deepEqual(stepsToRun(standings).map(({ name }) => name), ['2-b.ts', '10-c.ts'])
  t.is(refusalOf(standings), undefined)
})

test('a step whose text is another than that which ran is refused; one that is half through goes on when that was said', (t) => {
  t.like(refusalOf(standingsOf([file('1-a.ts', 'b')], notes({ '1-a.ts': through }))), { step: '1-a.ts' })
  t.like(refusalOf(standingsOf([file('1-a.ts', 'b')], notes({ '1-a.ts': through }), new Set(['1-a.ts']))), { step: '1-a.ts' })
  t.like(refusalOf(standingsOf([file('1-a.ts', 'b')], notes({ '1-a.ts': begun }))), { step: '1-a.ts' })
  t.is(refusalOf(standingsOf([file('1-a.ts', 'b')], notes({ '1-a.ts': begun }), new Set(['1-a.ts']))), undefined)
})

test('a new step with a number before one that ran is refused, and one whose file is gone is told', (t) => {
  const standings = standingsOf([file('1-a.ts'), file('3-c.ts')], notes({ '2-b.ts': through }))

  t.deepEqual(standings.map(({ state }) => state), ['late', 'gone', 'pending'])
  t.like(refusalOf(standings), { step: '1-a.ts' })
})

test('a step that ran does not run again by another name', (t) => {
  const standings = standingsOf([file('0002-b.ts'), file('0003-c.ts')], notes({ '2-b.js': through }))

  t.deepEqual(stepsToRun(standings).map(({ name }) => name), ['0003-c.ts'])
  t.like(refusalOf(standings), { step: '0002-b.ts' })
  t.regex(refusalOf(standings)?.reason ?? '', /number of 2-b\.js/)
})
