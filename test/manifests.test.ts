import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { renderGolden } from './manifests/golden.ts'

const root = join(import.meta.dirname, 'manifests')
const files = ['wrong', 'right'].flatMap((folder) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.golden')).map((name) => `${folder}/${name}`))

for (const file of files) {
  test(file.replace('.golden', '').replace('/', ': ').replaceAll('-', ' '), async (t) => {
    const path = join(root, file)
    const { expected, actual } = await renderGolden(path)

    // UPDATE_GOLDEN=1 writes what is so now; read the diff before you commit it.
    if (process.env.UPDATE_GOLDEN === '1') await writeFile(path, actual)
    t.is(actual, process.env.UPDATE_GOLDEN === '1' ? actual : expected)
  })
}

test('at least forty wrong manifests, and each of them is refused', (t) => {
  const wrong = files.filter((file) => file.startsWith('wrong/'))

  t.true(wrong.length >= 40)
  t.deepEqual(wrong.filter((file) => !readFileSync(join(root, file), 'utf8').includes('\n=== report\nrefused in stage ')), [])
})
