import { mkdir, writeFile } from 'node:fs/promises'
import { generatedDocs } from './docs.ts'

/** `npm run docs`: writes the generated pages. */
const root = new URL('../../', import.meta.url)
for (const [path, text] of await generatedDocs()) {
  const file = new URL(path, root)
  await mkdir(new URL('.', file), { recursive: true })
  await writeFile(file, text)
  console.log(path)
}
