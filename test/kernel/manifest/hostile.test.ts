import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { stringify } from 'yaml'
import { checkManifest } from '../../../kernel/manifest/check.ts'
import { explainManifest } from '../../../kernel/manifest/explain.ts'
import { Problems } from '../../../kernel/manifest/problems.ts'
import { readManifest } from '../../../kernel/manifest/read.ts'
import { fillSecrets } from '../../../kernel/manifest/secrets.ts'
import { wantedPlugins } from '../../../kernel/manifest/wanted.ts'
import { makePlan } from '../../../kernel/plugins/plan.ts'
import { fixtureCatalogue } from '../../manifests/fixtures.ts'

const folder = mkdtempSync(join(tmpdir(), 'portico-hostile-'))
const path = join(folder, 'infra.config.yaml')
test.after.always(() => { rmSync(folder, { recursive: true, force: true }) })

/** All that a manifest goes through before anything starts; answers how many milliseconds of this process it took. */
async function judgeBytes(bytes: Uint8Array | string): Promise<number> {
  writeFileSync(path, bytes)
  const before = process.cpuUsage()
  const problems = new Problems()
  const raw = await readManifest({ path }, { env: {} }, problems)
  if (raw) {
    wantedPlugins(raw)
    const catalogue = fixtureCatalogue()
    const manifest = checkManifest(raw, catalogue, { env: {} }, problems)
    if (manifest) {
      makePlan(manifest, problems)
      fillSecrets(manifest, () => 'x', problems)
    }
    explainManifest(raw, catalogue, { env: {} }, new Problems())
  }
  problems.report()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

/** Far above what any of these takes; a quadratic step shows as minutes. */
const boundMs = 10_000

test.serial('random bytes are refused or read, never thrown at', async (t) => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => { t.true((await judgeBytes(bytes)) < boundMs) }), { numRuns: 200 })
})

test.serial('random YAML punctuation is refused or read, never thrown at', async (t) => {
  const piece = fc.constantFrom('version: 1\n', 'ports:', 'connections:', '\n', '  ', '- ', '? ', ': ', '{', '}', '[', ']', '&a ', '*a', '"', "'", '|', '>', '!!str ', '<<: ', '#', '---\n', '\t', '${env:X}', '${secret:x}', '$${', '${', 'on: main', 'use: sqlite', 'cache: ', 'null', '1e400', '\u0000', '\ud800')
  await fc.assert(fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => { t.true((await judgeBytes(pieces.join(''))) < boundMs) }), { numRuns: 400 })
})

test.serial('random values in every place of a manifest are judged, never thrown at', async (t) => {
  const words = fc.constantFrom('use', 'on', 'with', 'main', 'storage', 'storage.reports', 'cache', 'queue', 'integrations', 'relay', 'needs', 'next', 'fallback', 'collections', 'queues', 'operations', 'schema', 'sqlite', 'lru', 'http', 'sql', '__proto__', 'constructor', 'toString', '', 'x.y.z', '30s', '1MiB', '${secret:a}', '${env:HOME:-x}', 'file', 'use ', 'policy')
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, words, fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.array(tie('value'), { maxLength: 3 }), fc.dictionary(words, tie('value'), { maxKeys: 4 })),
  }))
  const ports = fc.dictionary(words, fc.oneof(value, fc.record({ on: words, use: words, with: value, collections: value, queues: value, needs: value, fallback: value }, { requiredKeys: [] })))
  const manifest = fc.record({ version: fc.constantFrom(1, 2, '1'), server: value, plugins: value, connections: fc.dictionary(words, fc.record({ use: words, with: value })), ports }, { requiredKeys: ['version'] })
  await fc.assert(fc.asyncProperty(manifest, async (given) => { t.true((await judgeBytes(stringify(given))) < boundMs) }), { numRuns: 400 })
})

for (const [what, text] of Object.entries({
  'a map of 20,000 keys': Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join('\n'),
  'a hundred kibibytes of anchors': '&a '.repeat(34_000),
  'a hundred kibibytes of brackets': '['.repeat(100_000),
  'a long line of commas': `[${','.repeat(50_000)}`,
  'ten thousand aliases': `version: 1\nserver: &a {}\nplugins: [${'*a,'.repeat(10_000)}]`,
  'a thousand bindings of an unknown port': `version: 1\nports:\n${Array.from({ length: 1_000 }, (_, index) => `  cahce.b${index}: { use: lru }`).join('\n')}`,
  'a text of a mebibyte that is no duration': `version: 1\nserver: { drainTimeout: ${'9'.repeat(1_000_000)} }`,
  'a mebibyte of commas': `{${','.repeat(1_000_000)}`,
  'a mebibyte of closing braces': '}'.repeat(1_000_000),
  'a mebibyte of pairs of brackets': '[]'.repeat(500_000),
  'a mebibyte of unquoted references': 'a: {b: ${env:X}}\n'.repeat(61_000),
  'a mebibyte of unknown escapes': `"${'\\q'.repeat(500_000)}"`,
  'a hundred thousand open references': `version: 1\nname: "${'${'.repeat(100_000)}"`,
})) {
  test.serial(`${what} ends in bounded time`, async (t) => {
    const took = await judgeBytes(text)
    t.log(`${Math.round(took)} ms of CPU`)
    t.true(took < boundMs)
  })
}
