import { readFile } from 'node:fs/promises'
import test from 'ava'
import { builtInPorts } from '../../kernel/ports/index.ts'
import { composedErrors, generatedDocs } from './docs.ts'

const root = new URL('../../', import.meta.url)

test('the generated pages say what the code says', async (t) => {
  for (const [path, text] of await generatedDocs()) t.is(await readFile(new URL(path, root), 'utf8'), text, `${path} is out of date: npm run docs`)
})

test('docs/errors.md has a section for each code, and no other', async (t) => {
  const page = await readFile(new URL('docs/errors.md', root), 'utf8')

  t.deepEqual(Array.from(page.matchAll(/^## (\w+)$/gm), ([, code]) => code), [...composedErrors(builtInPorts).keys()])
})

test('a code belongs to one table, has a status and words of its own', (t) => {
  for (const [code, spec] of composedErrors(builtInPorts)) {
    t.regex(code, /^[A-Z]+(_[A-Z]+)+$/)
    t.true(spec.status >= 400 && spec.status < 600, code)
    t.true(spec.title.length > 0, code)
  }
})
