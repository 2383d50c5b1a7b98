import { readFile } from 'node:fs/promises'
import test from 'ava'
import semver from 'semver'
import { loadAllBuiltIns } from '../../kernel/plugins/loader.ts'

interface PackageJson {
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>
}

test('the SDK of every built-in plugin is a dependency in its range, or an optional peer of the same range', async (t) => {
  const { dependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(await readFile('package.json', 'utf8')) as PackageJson
  const catalogue = await loadAllBuiltIns()
  const sdks = catalogue.builtIns.flatMap(({ port, name }) => Object.entries(catalogue.driver(port, name)?.sdk ?? {}).map(([sdk, range]) => ({ plugin: `${port}-${name}`, sdk, range })))

  t.true(sdks.length > 0)
  for (const { plugin, sdk, range } of sdks) {
    const pinned = dependencies[sdk]
    if (pinned !== undefined) t.true(semver.satisfies(pinned, range), `${plugin} asks for ${sdk} ${range}, and ${pinned} is pinned`)
    else t.true(peerDependencies[sdk] === range && peerDependenciesMeta[sdk]?.optional === true, `${plugin}: make ${sdk} ${range} an optional peer dependency`)
  }
})
