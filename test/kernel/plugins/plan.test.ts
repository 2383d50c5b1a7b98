import test from 'ava'
import { Problems } from '../../../kernel/manifest/problems.ts'
import type { BindingSpec, ConnectionSpec, Manifest } from '../../../kernel/manifest/types.ts'
import { definePlugin } from '../../../kernel/plugins/definition.ts'
import { makePlan } from '../../../kernel/plugins/plan.ts'
import { echo, plainDriver } from '../binding/echo.ts'

const plugin = definePlugin({ name: 'plain', summary: '', port: echo, kernel: '*', create: () => plainDriver })
const at = (line: number) => ({ file: 'infra.config.yaml', line, column: 3 })

function binding(name: string, line: number, below: { on?: string; needs?: Record<string, string>; uses?: string[] } = {}): BindingSpec {
  return { name, path: `ports.${name}`, at: at(line), port: echo, plugin, settings: {}, keys: {}, needs: {}, uses: [], fallback: [], optional: false, expose: true, startTimeoutMs: 1_000, ...below }
}

function connection(name: string): ConnectionSpec {
  return { name, path: `connections.${name}`, at: at(1), plugin, settings: {}, startTimeoutMs: 1_000 }
}

function manifest(connections: ConnectionSpec[], bindings: BindingSpec[]): Manifest {
  return { path: 'infra.config.yaml', directory: '/', sha256: '', name: 'test', server: { host: '127.0.0.1', port: 0, drainTimeoutMs: 0, logLevel: 'info' }, connections, bindings, extensions: [] }
}

function order(of: Manifest): string[] {
  const problems = new Problems()
  const plan = makePlan(of, problems)
  problems.throwIfAny()
  return plan.steps.map(({ id }) => id)
}

test('a step comes after all that it stands on, otherwise as written', (t) => {
  const of = manifest([connection('main')], [binding('echo.a', 2, { needs: { other: 'echo.b' } }), binding('echo.c', 3), binding('echo.b', 4, { on: 'main' })])

  t.deepEqual(order(of), ['connections.main', 'echo.b', 'echo.a', 'echo.c'])
})

test('a binding that the keys of another one name starts before it', (t) => {
  t.deepEqual(order(manifest([], [binding('echo', 2, { uses: ['echo.b'] }), binding('echo.b', 3)])), ['echo.b', 'echo'])
})

test("a fallback's connection starts before the binding", (t) => {
  const of = manifest([], [{ ...binding('echo', 2), fallback: [{ plugin, settings: {}, on: 'late' }] }])

  t.deepEqual(order({ ...of, connections: [connection('late')] }), ['connections.late', 'echo'])
})

test('a cycle is one problem with its path', (t) => {
  const of = manifest([], [binding('echo.a', 2, { needs: { x: 'echo.b' } }), binding('echo.b', 4, { needs: { x: 'echo.c' } }), binding('echo.c', 6, { needs: { x: 'echo.a' } })])
  const problems = new Problems()

  makePlan(of, problems)

  t.is(problems.report(), 'infra.config.yaml:2:3 ports.echo.a: needs itself: echo.a -> echo.b -> echo.c -> echo.a')
})

test('ten thousand bindings in a row are ordered without a deep stack', (t) => {
  const bindings = Array.from({ length: 10_000 }, (_, index) => binding(`echo.b${index}`, index, index === 0 ? {} : { needs: { below: `echo.b${index - 1}` } }))

  t.is(order(manifest([], bindings.toReversed()))[0], 'echo.b0')
})
