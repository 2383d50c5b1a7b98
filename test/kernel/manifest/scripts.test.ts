import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import anyTest, { type TestFn } from 'ava'
import { readScripts } from '../../../kernel/manifest/scripts.ts'

const test = anyTest as TestFn<{ folder: string }>

test.beforeEach(async (t) => {
  t.context.folder = await mkdtemp(join(tmpdir(), 'portico-scripts-'))
})

test.afterEach.always(async (t) => {
  await rm(t.context.folder, { recursive: true, force: true })
})

function read(folder: string): { readonly names: readonly string[]; readonly sums: readonly string[]; readonly problems: readonly string[] } {
  const problems: string[] = []
  const scripts = readScripts(folder, 'steps', (message) => problems.push(message))
  return { names: scripts.map(({ name }) => name), sums: scripts.map(({ sha256 }) => sha256), problems }
}

test('numbered code comes in the order of its numbers; declarations, other files and folders are left alone', async (t) => {
  const { folder } = t.context
  for (const name of ['10-ten.ts', '9-nine.mjs', '0002-two.js', '20261125103000-a-time.mts', '11-x.d.ts', 'README.md', '12-notes.sql']) await writeFile(join(folder, name), '')
  await mkdir(join(folder, '13-shared.ts'))

  t.like(read(folder), { names: ['0002-two.js', '9-nine.mjs', '10-ten.ts', '20261125103000-a-time.mts'], problems: [] })
})

test('line ends do not count as an edit, and all else does', async (t) => {
  const { folder } = t.context
  const sumOf = async (text: string) => {
    await writeFile(join(folder, '1-a.ts'), text)
    return read(folder).sums[0]
  }

  t.is(await sumOf('a\r\nb\r\n'), await sumOf('a\nb\n'))
  t.not(await sumOf('a\nb '), await sumOf('a\nb'))
})

test('what its author may have meant to run, and what has no place of its own in the order, is refused by name', async (t) => {
  const { folder } = t.context
  for (const name of ['first.ts', '1 a.ts', '01-b.ts', '1-b.js', `2-${'x'.repeat(200)}.ts`, '1234567890123456-long.ts']) await writeFile(join(folder, name), '')
  await writeFile(join(folder, '3-bytes.ts'), Buffer.from([0xff, 0xfe, 0x00]))

  const { problems } = read(folder)

  for (const wrong of ['steps/first.ts must', 'steps/1 a.ts must', '01-b.ts and 1-b.js of steps have the same number', `steps/2-${'x'.repeat(200)}.ts must`, 'steps/1234567890123456-long.ts must', 'steps/3-bytes.ts is not UTF-8 text']) {
    t.true(problems.some((problem) => problem.startsWith(wrong)), wrong)
  }
  t.is(problems.length, 6)
})

test('a folder that is none is refused', async (t) => {
  const { folder } = t.context
  await writeFile(join(folder, 'file'), '')

  t.deepEqual(read(join(folder, 'file')).problems, ['the folder steps is not a folder'])
  t.deepEqual(read(join(folder, 'none')).problems, ['the folder steps does not exist'])
})
