import test from 'ava'
import { kernelError } from '../../../kernel/errors.ts'
import { InputError, writeFailure, writeOutcome } from '../../../kernel/cli/outcome.ts'
import { recorder } from './recorder.ts'

test('what went well stands on standard output, what did not on standard error', (t) => {
  const terminal = recorder()

  t.is(writeOutcome({ status: 0, json: {}, text: () => 'good\n' }, terminal, false), 0)
  t.is(writeOutcome({ status: 1, json: {}, text: () => 'bad\n' }, terminal, false), 1)

  t.deepEqual(terminal.written, { out: 'good\n', err: 'bad\n' })
})

test('input at fault is 1, a bug is 70', (t) => {
  t.is(writeFailure(new InputError('there already'), recorder(), false), 1)
  t.is(writeFailure(kernelError('MANIFEST_INVALID', { report: 'a.yaml:1:1 is empty' }), recorder(), false), 1)
  t.is(writeFailure(kernelError('KERNEL_BUG', { where: 'start' }), recorder(), false), 70)
  t.is(writeFailure(new TypeError('x is undefined'), recorder(), false), 70)
})

test('a failure tells its causes, one line each, and a stack only for a bug', (t) => {
  const terminal = recorder()
  const cause = new Error('ECONNREFUSED 127.0.0.1:5432\n    at somewhere')

  writeFailure(kernelError('PLUGIN_START_FAILED', { binding: 'storage', plugin: 'sql', reason: 'no answer' }, { cause }), terminal, false)

  t.is(terminal.written.err, 'storage (sql) could not start: no answer (PLUGIN_START_FAILED)\n  because: ECONNREFUSED 127.0.0.1:5432\n')
})

test('a failure as JSON has its code and data', (t) => {
  const terminal = recorder()

  writeFailure(kernelError('PLUGIN_START_TIMEOUT', { binding: 'cache', plugin: 'lru', timeoutMs: 5 }), terminal, true)

  t.like(JSON.parse(terminal.written.err), { error: { status: 1, code: 'PLUGIN_START_TIMEOUT', binding: 'cache', timeoutMs: 5 } })
})
