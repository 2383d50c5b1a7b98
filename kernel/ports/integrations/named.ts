import type { NamedCalls, NamedDescription } from '../definition.ts'
import type { DeclaredError } from './http-form.ts'
import { isIdempotent, type DeclaredOperation, type IntegrationKeys } from './keys.ts'
import type { CallInput } from './operations.ts'

/** `call` stands for the operations that the keys declare. */
export const integrationCalls: NamedCalls<IntegrationKeys> = {
  operation: 'call',
  field: 'operation',
  declared: ({ operations = {} }) => Object.fromEntries(Object.entries(operations).map(([name, declared]) => [name, isIdempotent(declared)])),
  // The input of `call` was checked.
  nameOf: (input) => (input as CallInput).operation,
  describe: ({ operations = {} }) => Object.fromEntries(Object.entries(operations).map(([name, declared]) => [name, describe(declared)])),
}

function describe(declared: DeclaredOperation): NamedDescription {
  const { summary, input, output = {}, data, errors = {} } = declared
  return {
    ...(summary !== undefined && { summary }), ...(input && { input }),
    answers: { 200: { field: 'output', schema: output }, 202: { field: 'output', schema: { type: 'null' } } },
    ...failuresOf(Object.values(errors)),
    extensions: { 'x-portico-idempotent': isIdempotent(declared), ...(data && { 'x-portico-data': data }) },
  }
}

/** The names that the manifest has for error answers of the partner, by the status that they are answered with. */
function failuresOf(errors: readonly DeclaredError[]): Pick<NamedDescription, 'failures'> {
  const names = new Map<number, Set<string>>()
  for (const { code, status = 502 } of errors) names.set(status, (names.get(status) ?? new Set()).add(`\`${code}\``))
  const words = [...names].map(([status, codes]) => [status, `${status === 502 ? '' : '`INTEGRATION_PARTNER_REFUSED`: '}its \`reason\` may be ${[...codes].join(', ')}`] as const)
  return words.length === 0 ? {} : { failures: Object.fromEntries(words) }
}
