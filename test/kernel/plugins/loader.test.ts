import { fileURLToPath } from 'node:url'
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
