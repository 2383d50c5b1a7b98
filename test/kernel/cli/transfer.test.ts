import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import anyTest, { type TestFn } from 'ava'
import { main } from '../../../kernel/cli/main.ts'
import type { Terminal } from '../../../kernel/cli/terminal.ts'
import { recorder } from './recorder.ts'

const test = anyTest as TestFn<{ directory: string }>

const manifest = (file: string) => `version: 1
name: shop
connections: { main: { use: sqlite, with: { file: ${file}, writer: main } } }
ports:
  cache: { use: lru }
  storage:
    on: main
    collections:
      notes: { schema: { type: object, properties: { n: { type: integer } } } }
      orders: { unique: [[number]] }
`

test.beforeEach(async (t) => {
  t.context.directory = await mkdtemp(join(tmpdir(), 'portico-transfer-'))
  await writeFile(join(t.context.directory, 'infra.config.yaml'), manifest('from.db'))
  await writeFile(join(t.context.directory, 'to.yaml'), manifest('to.db'))
})

test.afterEach.always(async (t) => {
  await rm(t.context.directory, { recursive: true, force: true })
})

interface Ran {
  readonly status: number
  readonly out: string
  readonly err: string
}

async function run(directory: string, argv: readonly string[], input?: string): Promise<Ran> {
  const made = recorder(directory)
  const terminal: Terminal = { ...made, ...(input !== undefined && { input: Readable.from([Buffer.from(input)]) }) }
  const [group = '', command = '', ...rest] = argv
  const status = await main([group, command, ...(rest.includes('-f') ? rest : ['-f', join(directory, 'infra.config.yaml'), ...rest])], terminal)
  return { status, out: made.written.out, err: made.written.err }
}

const times = { createdAt: '2020-01-02T03:04:05.006Z', updatedAt: '2021-01-02T03:04:05.007Z' }

function line(collection: string, id: string, more: object = {}): string {
  return JSON.stringify({ collection, id, value: { n: 1 }, ...times, ...more })
}

/** An export as it would be written, of these lines. */
function exportOf(lines: readonly string[], counts: Readonly<Record<string, number>>, change: object = {}): string {
  const header = JSON.stringify({ format: 'portico-storage', version: 1, name: 'shop', binding: 'storage', exportedAt: times.createdAt, collections: counts })
  const before = [header, ...lines].map((text) => `${text}\n`).join('')
  const sha256 = createHash('sha256').update(before).digest('hex')
  return `${before}${JSON.stringify({ end: { records: lines.length, collections: counts, sha256, ...change } })}\n`
}

const three = [line('notes', 'a'), line('notes', 'b', { expiresAt: '2099-01-02T03:04:05.006Z' }), line('orders', 'a', { value: { number: 7 } })]
const good = exportOf(three, { notes: 2, orders: 1 })

const linesOf = (text: string) => text.split('\n').slice(1, -2)

test('what is imported is exported the same, from one database into another', async (t) => {
  const { directory } = t.context
  await writeFile(join(directory, 'in.ndjson'), good)

  t.like(await run(directory, ['storage', 'import', '--in', 'in.ndjson']), { status: 0, err: '' })
  t.like(await run(directory, ['storage', 'export', '--out', 'out.ndjson']), { status: 0, err: '' })
  t.like(await run(directory, ['storage', 'import', '-f', join(directory, 'to.yaml'), '--in', 'out.ndjson']), { status: 0, err: '' })
  const { out, err } = await run(directory, ['storage', 'export', '-f', join(directory, 'to.yaml')])

  t.deepEqual(linesOf(out), three)
  t.deepEqual(linesOf(await readFile(join(directory, 'out.ndjson'), 'utf8')), three)
  t.regex(err, /^3 records of storage in standard output/)
  t.is((await stat(join(directory, 'out.ndjson'))).mode & 0o777, 0o600)
})

test('--json tells what was done; standard output has only the records', async (t) => {
  const { directory } = t.context

  const imported = await run(directory, ['storage', 'import', '--json', '--in', '-'], good)
  t.like(JSON.parse(imported.out), { ok: true, binding: 'storage', added: 3, skipped: 0, stored: { notes: 2, orders: 1 } })

  const exported = await run(directory, ['storage', 'export', '--json', '--collection', 'orders'])
  t.deepEqual(linesOf(exported.out), three.slice(2))
  t.like(JSON.parse(exported.err), { records: 1, collections: { orders: 1 } })
})

test('a name that is not there is refused with the nearest, and no backend is opened', async (t) => {
  const { directory } = t.context
  const message = async (...argv: string[]) => {
    const { status, err } = await run(directory, ['storage', ...argv])
    t.is(status, 1)
    return err
  }
  t.regex(await message('export', 'strage'), /no storage binding "strage"; did you mean "storage"\?/)
  t.regex(await message('export', 'cache'), /no storage binding "cache"; there is storage/)
  t.regex(await message('import', '--collection', 'note'), /no collection "note"; did you mean "notes"\?/)
  t.regex(await message('import', '--in', 'none.ndjson'), /none\.ndjson cannot be read/)
  t.is((await run(directory, ['storage', 'import', '--on-conflict', 'merge'])).status, 2)
})

const wrong: readonly (readonly [title: string, text: string, at: RegExp])[] = [
  ['an empty file', '', /in:1: the file is empty/],
  ['a file of another kind', '{"hello":1}\n', /in:1: this is no export of Portico/],
  ['a form of later days', good.replace('"version":1', '"version":2'), /in:1: it has version 2/],
  ['a collection that the manifest lacks', exportOf([], { note: 0 }), /in:1: the manifest has no collection "note"; did you mean "notes"\?/],
  ['a record of a collection that the header lacks', exportOf([line('constructor', 'a')], { notes: 1 }), /in:2: the header names no collection "constructor"/],
  ['a line that is no JSON', exportOf([line('notes', 'a'), '{"collection"'], { notes: 2 }), /in:3: the line is no JSON/],
  ['an empty line', exportOf([''], { notes: 1 }), /in:2: the line is empty/],
  ['a field that no record has', exportOf([line('notes', 'a', { vlaue: {} })], { notes: 1 }), /in:2: a record has no field "vlaue"; did you mean "value"\?/],
  ['a version', exportOf([line('notes', 'a', { version: 'v' })], { notes: 1 }), /in:2: a record has no field "version"/],
  ['a value that is no object', exportOf([line('notes', 'a', { value: [] })], { notes: 1 }), /in:2: the value of a record must be an object/],
  ['a time of no calendar', exportOf([line('notes', 'a', { createdAt: '2026-02-30T00:00:00.000Z' })], { notes: 1 }), /in:2: notes\/a: .*\/createdAt must be a time/],
  ['an id that no route reaches', exportOf([line('notes', '_a')], { notes: 1 }), /in:2: notes\/_a: .*\/id must not begin with _/],
  ['a value that breaks the schema', exportOf([line('notes', 'a'), line('notes', 'b', { value: { n: 'x' } })], { notes: 2 }), /in:3: notes\/b: .*\/value\/n .*STORAGE_VALUE_INVALID/s],
  ['a document that is too large', exportOf([line('notes', 'a', { value: { text: 'x'.repeat(1024 ** 2) } })], { notes: 1 }), /in:2: .*STORAGE_TOO_LARGE/s],
  ['a document that is too deep', exportOf([`{"collection":"notes","id":"a","value":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)},"createdAt":"${times.createdAt}","updatedAt":"${times.updatedAt}"}`], { notes: 1 }), /in:2: .*nested too deep/],
  ['a line without end', exportOf(['x'.repeat(9 * 1024 ** 2)], { notes: 1 }), /in:2: the line is longer than 8 MiB/],
  ['a file that is cut between two lines', `${good.split('\n').slice(0, 3).join('\n')}\n`, /in:4: the file is cut.*--partial/],
  ['a file that is cut in a line', good.slice(0, -400), /in:\d: the file is cut/],
  ['a file with fewer records than it tells of', exportOf([line('notes', 'a')], { notes: 1 }, { records: 2 }), /in:3: the file has 1 records, and its last line tells of 2/],
  ['a file that was changed', good.replace('"number":7', '"number":8'), /in:5: the file is not as it was written/],
  ['what follows the end', `${good}${line('notes', 'z')}\n`, /in:6: nothing may follow/],
  ['what could move a cursor', exportOf([line('notes', '_\u001b[2J')], { notes: 1 }), /in:2: notes\/_\?\[2J: /],
]

for (const [title, text, at] of wrong) {
  test(`refused with its line, before anything is written: ${title}`, async (t) => {
    const { directory } = t.context
    await writeFile(join(directory, 'in'), text)

    const { status, out, err } = await run(directory, ['storage', 'import', '--in', 'in'])

    t.is(status, 1)
    t.is(out, '')
    t.regex(err, at)
    t.regex(err, /nothing was imported\n$/)
    t.like(JSON.parse((await run(directory, ['storage', 'export', '--json', '--out', 'out'])).out), { records: 0 })
  })
}

test('bytes that are no UTF-8 are refused with their line', async (t) => {
  const { directory } = t.context
  await writeFile(join(directory, 'in'), Buffer.concat([Buffer.from(good.split('\n', 1)[0] ?? ''), Buffer.from([0x0a, 0x22, 0xff, 0x22, 0x0a])]))

  t.regex((await run(directory, ['storage', 'import', '--in', 'in'])).err, /in:2: the line is no UTF-8/)
})

test('from standard input, what stands before the fault is imported and told', async (t) => {
  const many = Array.from({ length: 600 }, (_, n) => line('notes', `n${String(n).padStart(3, '0')}`))
  const text = exportOf([...many, line('notes', 'z', { value: { n: 'x' } })], { notes: 601 })

  const { status, out } = await run(t.context.directory, ['storage', 'import', '--json'], text)

  t.is(status, 1)
  const { ok, error, added } = JSON.parse(out) as { ok: boolean; error: { line: number; code: string }; added: number }
  t.false(ok)
  t.like(error, { line: 602, code: 'STORAGE_VALUE_INVALID' })
  t.true(added > 0 && added <= 600)
})

test('--partial takes what a cut file has', async (t) => {
  const { directory } = t.context
  await writeFile(join(directory, 'in'), good.slice(0, good.indexOf(three[2] ?? '') + 20))

  t.is((await run(directory, ['storage', 'import', '--in', 'in', '--partial'])).status, 0)

  t.deepEqual(linesOf((await run(directory, ['storage', 'export'])).out), three.slice(0, 2))
})

test('an id that is there fails the import unless it is told what to do', async (t) => {
  const { directory } = t.context
  await writeFile(join(directory, 'in'), good)
  await writeFile(join(directory, 'other'), exportOf([line('notes', 'a', { value: { n: 2 } }), line('notes', 'c')], { notes: 2 }))
  await run(directory, ['storage', 'import', '--in', 'in'])

  const again = await run(directory, ['storage', 'import', '--in', 'in'])
  t.is(again.status, 1)
  t.regex(again.err, /in:2: notes\/a exists already; --resume .*--on-conflict/)
  t.is((await run(directory, ['storage', 'import', '--in', 'in', '--resume'])).status, 0)
  t.is((await run(directory, ['storage', 'import', '--in', 'other', '--resume'])).status, 1)

  const count = async (...argv: string[]) => JSON.parse((await run(directory, ['storage', 'import', '--in', 'other', '--json', ...argv])).out) as object
  t.like(await count('--on-conflict', 'skip'), { added: 1, skipped: 1 })
  t.like(await count('--on-conflict', 'replace'), { replaced: 2, stored: { notes: 3 } })
})

test('an export that was broken off goes on after its last whole line, and is then the same', async (t) => {
  const { directory } = t.context
  await writeFile(join(directory, 'in'), good)
  await run(directory, ['storage', 'import', '--in', 'in'])
  await run(directory, ['storage', 'export', '--out', 'whole'])
  const whole = await readFile(join(directory, 'whole'), 'utf8')

  for (let length = 0; length <= whole.length; length += 37) {
    await writeFile(join(directory, 'cut'), whole.slice(0, length))
    t.is((await run(directory, ['storage', 'export', '--out', 'cut', '--resume'])).status, 0)
    t.deepEqual((await readFile(join(directory, 'cut'), 'utf8')).split('\n').slice(1, -2), whole.split('\n').slice(1, -2), `cut at ${length}`)
  }
  t.is((await run(directory, ['storage', 'import', '-f', join(directory, 'to.yaml'), '--in', 'cut'])).status, 0)
})

test('an export writes over no file, and goes on with no other', async (t) => {
  const { directory } = t.context
  await writeFile(join(directory, 'note.txt'), 'mine')
  await run(directory, ['storage', 'export', '--out', 'orders', '--collection', 'orders'])

  t.is((await run(directory, ['storage', 'export', '--out', 'note.txt'])).status, 1)
  t.is((await run(directory, ['storage', 'export', '--out', 'note.txt', '--resume'])).status, 1)
  t.is((await run(directory, ['storage', 'export', '--out', 'orders', '--resume'])).status, 1)
  t.is((await run(directory, ['storage', 'export', '--resume'])).status, 1)
  t.is(await readFile(join(directory, 'note.txt'), 'utf8'), 'mine')
})
