import type { StorageKeys } from '../../ports/storage/index.ts'
import { SchemaTypes } from './schema-type.ts'
import { member, nameOf } from './text.ts'

export interface StorageBinding {
  /** `storage.reports` */
  readonly name: string
  readonly keys: StorageKeys
}

/** The text of a TypeScript file that tells the types of all documents and views, and which binding has them. */
export function storageTypes(bindings: readonly StorageBinding[], manifest: string): string {
  const documents = bindings.map(({ name, keys }) => member('  ', name, typeOfBinding(name, keys))).join('')
  const known = bindings.map(({ name }) => member('    ', name, `StorageOf<Documents[${nameOf(name, true)}]>`)).join('')
  // Told on, so that it is used where every document has a type of its own.
  const imports = ["import type { JsonObject } from 'portico'", ...(bindings.length > 0 ? ["import type { StorageOf } from 'portico/ports/storage'"] : []), '', 'export type { JsonObject }']
  return [
    `/** The documents that ${manifest.replaceAll('*/', '*\\/')} declares. Written by \`portico types\`: write it again, do not edit it. */`,
    ...imports, '',
    '/** Each binding of storage, with the values of its collections and views. */',
    bindings.length > 0 ? `export interface Documents {\n${documents}}` : 'export type Documents = Readonly<Record<never, never>>',
    ...(bindings.length > 0 ? ['', "declare module 'portico/ports' {", `  interface KnownBindings {\n${known}  }`, '}'] : []),
    '',
  ].join('\n')
}

function typeOfBinding(binding: string, { collections = {}, views = {} }: StorageKeys): string {
  const types = new Map(Object.entries(collections).map(([name, { schema }]) => [name, new SchemaTypes(schema ?? {})]))
  const ofCollections = Array.from(types, ([name, type]) => member('      ', name, type.document('      ')))
  const ofViews = Object.entries(views).map(([name, { from, select }]) => {
    const source = types.get(from)
    const whole = `Documents[${nameOf(binding, true)}]['collections'][${nameOf(from, true)}]`
    return member('      ', name, select && source ? typeOfFields(Object.entries(select).map(([field, path]) => ({ steps: field.split('.'), path: path.split('.') })), source, '      ') : whole)
  })
  return `{\n${member('    ', 'collections', mapOf(ofCollections))}${member('    ', 'views', mapOf(ofViews))}  }`
}

function mapOf(members: readonly string[]): string {
  return members.length === 0 ? 'Readonly<Record<never, never>>' : `{\n${members.join('')}    }`
}

interface Field {
  readonly steps: readonly string[]
  readonly path: readonly string[]
}

function typeOfFields(fields: readonly Field[], source: SchemaTypes, indent: string): string {
  const deeper = `${indent}  `
  const names = [...new Set(fields.flatMap(({ steps: [first] }) => first ?? []))]
  const members = names.map((name) => {
    const here = fields.filter(({ steps: [first] }) => first === name)
    const [only] = here
    if (only?.steps.length === 1) {
      const { type, required } = source.at(only.path, deeper)
      return member(deeper, name, type, required)
    }
    const below = here.map(({ steps: [, ...rest], path }) => ({ steps: rest, path }))
    // It is there as soon as one of its fields is.
    return member(deeper, name, typeOfFields(below, source, deeper), below.some(({ path }) => source.at(path, deeper).required))
  })
  return `{\n${members.join('')}${indent}}`
}
