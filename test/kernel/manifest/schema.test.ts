import { readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import test from 'ava'
import { parse } from 'yaml'
import { manifestSchema } from '../../../kernel/manifest/schema.ts'
import { loadAllBuiltIns } from '../../../kernel/plugins/loader.ts'
import { fixturePlugins, fixturePorts } from '../../manifests/fixtures.ts'

const ajv = new Ajv2020({ allErrors: true, strict: false })
formats.default(ajv)
const validate = ajv.compile(manifestSchema(fixturePorts, fixturePlugins))
const accepts = (yaml: string) => validate(parse(yaml))

test('the committed schema is what ports and plugins give now; `npm run schemas` writes it', async (t) => {
  const catalogue = await loadAllBuiltIns()
  const ports = [...catalogue.ports.values()]
  const plugins = ports.flatMap((port) => catalogue.names(port.name).flatMap((name) => catalogue.driver(port.name, name) ?? []))

  const committed = await readFile(new URL('../../../schemas/manifest.schema.json', import.meta.url), 'utf8')
  t.is(committed, `${JSON.stringify(manifestSchema(ports, plugins), null, 2)}\n`)
})

test('an editor accepts a whole manifest, with a reference in place of any single value', (t) => {
  t.true(accepts(`
version: 1
server: { port: "\${env:PORT}", drainTimeout: 5s }
connections: { main: { use: sqlite, with: { file: a.db, readers: "\${env:READERS:-2}", strict: true } } }
ports:
  storage: { on: main, collections: { orders: { schema: ./order.json, ttl: 7d } } }
  storage.reports: { on: { use: sqlite, with: { file: b.db } } }
  cache: { use: lru, optional: true }
  integrations: { use: http, with: { baseUrl: "https://x.example" }, fallback: [{ use: file, with: { directory: x } }] }
`), ajv.errorsText(validate.errors))
})

for (const [what, yaml] of Object.entries({
  'an unknown key': 'version: 1\nsrever: {}',
  'an unknown setting of the chosen driver': 'version: 1\nconnections: { main: { use: sqlite, with: { flie: x } } }',
  'a setting of a wrong type': 'version: 1\nconnections: { main: { use: sqlite, with: { file: x, readers: [2] } } }',
  'a wrong unit': 'version: 1\nports: { cache: { use: lru, defaultTtl: 5 } }',
  'an unknown port': 'version: 1\nports: { cash: { use: lru } }',
  'both on and use': 'version: 1\nports: { cache: { on: x, use: lru } }',
  'an unknown setting of a fallback': 'version: 1\nports: { integrations: { use: http, with: { baseUrl: "https://x.example" }, fallback: [{ use: file, with: { dir: x } }] } }',
})) {
  test(`an editor marks ${what}`, (t) => {
    t.false(accepts(yaml))
  })
}
