/**
 * What a plugin author's mistakes must not compile to. Compiled by `npm run typecheck`, which fails when an expected
 * error is missing; nothing here runs.
 */
import { definePlugin, definePort, defineSettings, errorsOf, type Call, type Bound, type BoundOperations } from '../../kernel/plugin.ts'

interface GreetingOperations {
  greet(input: { readonly name: string }, call: Call): Promise<{ readonly text: string }>
}
interface GreetingDriver {
  words(language: string): Promise<string>
}
interface GreetingInProcess {
  each(visit: (text: string) => void): void
}
declare module '../../kernel/binding/bound.ts' {
  interface Ports {
    greeting: BoundOperations<GreetingOperations> & GreetingInProcess
  }
}

const greet = { summary: 'Greets', effect: 'read', idempotent: true, input: {}, output: {} } as const
const base = { name: 'greeting', summary: 'Greets', capabilities: { polite: 'says please' }, keys: {}, errors: {} }
const implementation = { greet: () => Promise.resolve({ text: '' }), each: () => undefined }

export const greeting = definePort<GreetingOperations, GreetingDriver, { readonly language: string }, 'polite', GreetingInProcess>({
  ...base, operations: { greet }, implement: ({ driver, keys }) => ({ ...implementation, greet: async () => ({ text: await driver.words(keys.language) }) }),
})

// @ts-expect-error an operation is missing
export const withoutOperation = definePort<GreetingOperations, GreetingDriver>({ ...base, capabilities: {}, operations: {} })
// @ts-expect-error an operation that the interface does not have
export const withExtra = definePort<GreetingOperations, GreetingDriver>({ ...base, capabilities: {}, operations: { greet, shout: greet } })
// @ts-expect-error the meaning lacks an operation
export const withoutMeaning = definePort<GreetingOperations, GreetingDriver>({ ...base, capabilities: {}, operations: { greet }, implement: () => ({}) })
export const wrongNeed = definePort<GreetingOperations, GreetingDriver, object, 'polite'>({
  ...base,
  // @ts-expect-error a capability that the port does not know
  operations: { greet: { ...greet, needs: { operation: 'polight' } } },
})

const about = { name: 'english', summary: 'English', kernel: '^0.1.0' }
const settings = defineSettings({
  accent: { doc: 'How it sounds', format: ['plain', 'posh'], default: 'plain' },
  pause: { doc: 'Between words', format: 'duration', default: '10ms' },
  note: { doc: 'A note', format: 'string', default: null },
})

export const english = definePlugin({
  ...about, port: greeting, capabilities: ['polite'], settings, needs: { other: greeting },
  create({ settings: given, keys, needs }) {
    const accent: 'plain' | 'posh' = given.accent
    const pauseMs: number = given.pauseMs
    const note: string | undefined = given.note
    // @ts-expect-error an unknown setting
    void given.acent
    // @ts-expect-error the unit stands in the name
    void given.pause
    needs.other.each(() => undefined)
    void needs.other.greet({ name: 'x' }, { timeoutMs: 5 })
    // @ts-expect-error an unknown need
    void needs.another
    return { words: (language) => Promise.resolve(`${language}${accent}${pauseMs}${note ?? ''}${keys.language}`) }
  },
})

// @ts-expect-error the driver interface is not there
export const empty = definePlugin({ ...about, port: greeting, create: () => ({}) })
// @ts-expect-error a wrong answer
export const wrongAnswer = definePlugin({ ...about, port: greeting, create: () => ({ words: () => Promise.resolve(7) }) })
// @ts-expect-error an unknown capability
export const wrongCapability = definePlugin({ ...about, port: greeting, capabilities: ['polight'], create: () => ({ words: () => Promise.resolve('') }) })
// @ts-expect-error a format that is not in the list
export const wrongFormat = defineSettings({ wait: { doc: '', format: 'duraton' } })
// @ts-expect-error a default that is none of the words
export const wrongDefault = defineSettings({ accent: { doc: '', format: ['a', 'b'], default: 'c' } })

const fail = errorsOf({ GREETING_LOST: { status: 404, retryable: false, title: 'Lost', detail: (at: { name: string }) => at.name } })
void fail('GREETING_LOST', { name: 'x' })
// @ts-expect-error an undeclared code
void fail('GREETING_GONE', { name: 'x' })
// @ts-expect-error data that the detail does not take
void fail('GREETING_LOST', { nom: 'x' })

declare const ports: Bound
void ports.greeting.greet({ name: 'x' })
void ports['greeting.formal']?.greet({ name: 'x' })
// @ts-expect-error an unknown port
void ports.greetings
// @ts-expect-error an unknown operation
void ports.greeting.shout
