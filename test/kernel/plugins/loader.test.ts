import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import test from 'ava'
import { Problems } from '../../../kernel/manifest/problems.ts'
import { loadPlugins } from '../../../kernel/plugins/loader.ts'

const directory = fileURLToPath(new URL('../fixtures/', import.meta.url))

test('a plugin whose import never ends is a problem, and holds up nothing', async (t) => {
  const problems = new Problems()
  const listed = [{ specifier: './waiting.ts', at: undefined, path: 'plugins.0' }, { specifier: './greeter.ts', at: undefined, path: 'plugins.1' }]
  const catalogue = await loadPlugins({ listed, connections: [], drivers: [], over: [] }, directory, problems, 50)

  t.is(problems.report(), 'plugins.0: importing ./waiting.ts failed: it was not imported within 50 ms')
  t.deepEqual([...catalogue.extensions.keys()], ['./greeter.ts'])
})

test('a built-in plugin that cannot be imported is told once, with the remedy, and leaves the others alone', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'portico-plugins-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  await mkdir(join(folder, 'cache-torn'))
  await writeFile(join(folder, 'cache-torn/index.ts'), "throw new Error('half a file')\n")
  await mkdir(join(folder, 'cache-gone'))
  const problems = new Problems()

  const drivers = ['torn', 'gone', 'torn'].map((use) => ({ port: 'cache', use }))
  const catalogue = await loadPlugins({ listed: [], connections: [], drivers, over: [] }, directory, problems, 1_000, pathToFileURL(`${folder}/`))

  t.deepEqual(problems.report().split('\n'), [
    'a built-in plugin is broken: importing cache-torn failed: half a file; install portico again',
    'a built-in plugin is broken: cache-gone imports index.ts, which is not there; install portico again',
  ])
  t.true(catalogue.failed('cache', 'torn'))
  t.is(catalogue.driver('cache', 'torn'), undefined)
})
