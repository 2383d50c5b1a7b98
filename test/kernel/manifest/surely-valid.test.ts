import test from 'ava'
import fc from 'fast-check'
import { compiledErrors } from '../../../kernel/manifest/ajv.ts'
import { settingsSchema } from '../../../kernel/manifest/drivers.ts'
import { baseKeys, bindingSchema, connectionSchema, rootSchema } from '../../../kernel/manifest/structure.ts'
import { surelyValid } from '../../../kernel/manifest/surely-valid.ts'
import type { JsonSchema } from '../../../kernel/json.ts'
import { fixturePlugins, fixturePorts } from '../../manifests/fixtures.ts'

const outer = fixturePorts.filter((port) => !port.inner)
const schemas: readonly JsonSchema[] = [rootSchema, connectionSchema, ...outer.map((port) => bindingSchema(port)), ...fixturePlugins.map(settingsSchema), { type: 'object', properties: baseKeys }]

const word = fc.constantFrom('5s', '0s', '2d', '64KiB', '4MiB', '', 'a', 'main', 'http://x', '__proto__', 'file')
const anything = fc.oneof(word, fc.integer({ min: -2, max: 100 }), fc.double(), fc.boolean(), fc.constant(null), fc.array(word, { maxLength: 5 }), fc.dictionary(word, word, { maxKeys: 3 }))

/** Values that mostly keep a schema and break it here and there. */
function nearly(schema: JsonSchema | boolean): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 12, arbitrary: shaped(schema) }, { weight: 1, arbitrary: anything })
}

function shaped(schema: JsonSchema | boolean): fc.Arbitrary<unknown> {
  if (typeof schema === 'boolean') return anything
  const { const: only, enum: words, anyOf, properties, required = [], items, type, additionalProperties: rest } = schema as Record<string, never>
  if ('const' in schema) return fc.constant(only)
  if (words) return fc.constantFrom(...(words as readonly unknown[]))
  if (anyOf) return fc.oneof(...(anyOf as readonly JsonSchema[]).map(nearly))
  if (items) return fc.array(nearly(items), { maxLength: 3 })
  if (properties) return fc.record(Object.fromEntries(Object.entries(properties as Record<string, JsonSchema | false>).filter(([, inner]) => inner !== false).map(([name, inner]) => [name, nearly(inner)])), { requiredKeys: required })
  if (typeof rest === 'object') return fc.dictionary(word, nearly(rest), { maxKeys: 2 })
  return type === 'integer' ? fc.integer({ min: 0, max: 20 }) : type === 'boolean' ? fc.boolean() : type === 'string' ? word : anything
}

for (const [index, schema] of schemas.entries()) {
  test(`what is surely valid by schema ${index}, ajv accepts, and what is not, ajv refuses`, (t) => {
    let accepted = 0
    // Of some schemas one random value in a thousand is good; without one the property would say nothing.
    for (let round = 0; round < 20 && (round === 0 || accepted === 0); round++) {
      fc.assert(fc.property(nearly(schema), (given) => {
        const fast = surelyValid(schema, given)
        if (fast) accepted++
        return fast === (compiledErrors(schema, given).length === 0)
      }), { numRuns: 1_000 })
    }
    t.true(accepted > 0)
  })
}
