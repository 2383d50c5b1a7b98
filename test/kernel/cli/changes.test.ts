import test from 'ava'
import { compareRunning, nothing, type Part } from '../../../kernel/cli/changes.ts'

const main: Part = { kind: 'connection', name: 'main', plugin: 'sqlite', capabilities: [], content: '{"file":"a.db"}' }
const storage: Part = { kind: 'binding', name: 'storage', plugin: 'sql', capabilities: ['units'], on: 'main', content: '{}' }
const cache: Part = { kind: 'binding', name: 'cache', plugin: 'lru', capabilities: ['tags'], content: '{"maxSizeBytes":1}' }

function actions(before: readonly Part[], after: readonly Part[]): readonly string[] {
  return compareRunning({ ...nothing, parts: before }, { ...nothing, parts: after }).map(({ action, name }) => `${action} ${name}`)
}

test('nothing changed: everything is kept', (t) => {
  t.deepEqual(actions([main, storage, cache], [main, storage, cache]), ['keep main', 'keep storage', 'keep cache'])
})

test('what stands on a changed connection restarts with it', (t) => {
  t.deepEqual(actions([main, storage, cache], [{ ...main, plugin: 'postgres' }, storage, cache]), ['restart main', 'restart storage', 'keep cache'])
})

test('what is new starts, what is gone stops', (t) => {
  t.deepEqual(actions([main, storage], [main, cache]), ['keep main', 'start cache', 'stop storage'])
})

test('a capability that the new driver lacks is told as lost', (t) => {
  const [change] = compareRunning({ ...nothing, parts: [cache] }, { ...nothing, parts: [{ ...cache, plugin: 'redis', capabilities: ['shared'] }] })

  t.like(change, { action: 'restart', because: ['lru becomes redis'], lost: ['tags'], gained: ['shared'] })
})

test('what is not known of a running server is not taken for a change', (t) => {
  const { content: _content, on: _on, ...described } = storage
  const changes = compareRunning({ parts: [described], tells: ['binding'] }, { ...nothing, parts: [main, storage] })

  t.deepEqual(changes.map(({ action, name }) => `${action} ${name}`), ['keep storage'])
})
