import { bind, type StartedBinding } from '../../../kernel/binding/bind.ts'
import type { BoundOperations } from '../../../kernel/binding/bound.ts'
import { Deadlines } from '../../../kernel/binding/deadlines.ts'
import { Instruments } from '../../../kernel/binding/instruments.ts'
import { Generation } from '../../../kernel/binding/swap-point.ts'
import type { Call } from '../../../kernel/call.ts'
import type { Log } from '../../../kernel/log.ts'
import { definePort, type Meaning } from '../../../kernel/ports/definition.ts'
import { Redaction } from '../../../kernel/redaction.ts'

export interface EchoOperations {
  say(input: { readonly text: string; readonly loud?: boolean }, call: Call): Promise<{ readonly said: string }>
  store(input: { readonly text: string }, call: Call): Promise<null>
  shout(input: object, call: Call): Promise<null>
  wait(input: { readonly waitMs: number }, call: Call): Promise<null>
}

const text = { type: 'string', minLength: 1, maxLength: 8 }

export const echo = definePort<EchoOperations, EchoOperations, object, 'loud' | 'shouting'>({
  name: 'echo',
  summary: 'A port for the wrapper alone',
  capabilities: { loud: 'says it loudly', shouting: 'shouts' },
  keys: { type: 'object' },
  errors: {},
  operations: {
    say: {
      summary: 'Says it', effect: 'read', idempotent: true, needs: { arguments: { loud: 'loud' } }, output: {},
      input: { type: 'object', properties: { text, loud: { type: 'boolean' } }, required: ['text'], additionalProperties: false },
    },
    store: { summary: 'Stores it', effect: 'write', idempotent: false, input: { type: 'object' }, output: {} },
    shout: { summary: 'Shouts', effect: 'read', idempotent: true, needs: { operation: 'shouting' }, input: {}, output: {} },
    wait: { summary: 'Waits', effect: 'read', idempotent: true, waits: 'waitMs', input: {}, output: {} },
  },
  fallback: { when: (error) => error instanceof Error && 'retryable' in error && error.retryable === true, mark: (output) => ({ ...(output as object), degraded: true }) },
  implement: ({ driver }) => driver,
})

export interface Logged {
  readonly level: string
  readonly fields: object
  readonly message: string
}

/** A log that keeps its lines. */
export function keepingLog(lines: Logged[] = []): Log & { readonly lines: Logged[] } {
  const at = (level: string) => (fields: object, message: string) => { lines.push({ level, fields, message }) }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: () => keepingLog(lines) }
}

/** Answers at once, with what it was told. */
export const plainDriver: EchoOperations = {
  say: ({ text }) => Promise.resolve({ said: text }),
  store: () => Promise.resolve(null),
  shout: () => Promise.resolve(null),
  wait: () => Promise.resolve(null),
}

export function generationOf(...drivers: [Partial<Meaning<EchoOperations>>, ...Partial<Meaning<EchoOperations>>[]]): Generation {
  const [first, ...rest] = drivers.map((driver) => ({ plugin: { name: 'test', version: '1.0.0' }, face: { ...plainDriver, ...driver }, probed: {} }))
  if (!first) throw new RangeError('no driver')
  return new Generation([first, ...rest])
}

/** An echo binding over the given drivers, the first with its fallbacks. */
export function bindEcho(capabilities: readonly string[], ...drivers: [Partial<Meaning<EchoOperations>>, ...Partial<Meaning<EchoOperations>>[]]) {
  const instruments = new Instruments()
  const log = keepingLog()
  const binding: StartedBinding = bind({
    name: 'echo', port: echo, expose: true, optional: false, capabilities,
    plugin: { name: 'test', version: '1.0.0' }, first: generationOf(...drivers), instruments, deadlines: new Deadlines(), log, redaction: new Redaction(),
  })
  return { binding, instruments, log, face: binding.face as BoundOperations<EchoOperations> }
}
