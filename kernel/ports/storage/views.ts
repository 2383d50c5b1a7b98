import { isPorticoError, kernelError } from '../../errors.ts'
import { didYouMean } from '../../manifest/suggest.ts'
import type { KeyFault } from '../definition.ts'
import { badText } from '../text.ts'
import type { CollectionKeys, StorageKeys } from './collections.ts'
import { storageError } from './errors.ts'
import type { Filter } from './evaluate.ts'
import { mappingOf, namesIn } from './mapping.ts'
import type { FindViewInput } from './operations.ts'
import { parsePath, type Path } from './path.ts'
import { type Names, parseQuery, type Query } from './query.ts'
import type { ViewKeys } from './view-keys.ts'

/** A field of a view: what stands at `path` of a document is told under `name`, whose dots nest. */
export interface ViewField {
  readonly name: string
  readonly path: Path
}

/** A declared view with nothing left open. */
export interface View {
  readonly name: string
  readonly from: string
  readonly filter: Filter
  /** What names mean in its collection. */
  readonly source: Names
  /** Undefined when the value stays as it is. */
  readonly fields: readonly ViewField[] | undefined
  /** What its cursors are bound to: with another definition they mean something else. */
  readonly definition: string
}

/** Every declared view by name. @throws TypeError for keys that `faultsOfViews` refuses. */
export function viewsOf(keys: StorageKeys): ReadonlyMap<string, View> {
  const [fault] = faultsOfViews(keys)
  // The manifest's check has told it; this is for who binds without a manifest.
  if (fault) throw new TypeError(`${fault.path.join('.')}: ${fault.message}`)
  return new Map(Object.entries(keys.views ?? {}).map(([name, given]) => [name, {
    name,
    from: given.from,
    source: sourceOf(given, keys.collections),
    filter: parseQuery(name, given, sourceOf(given, keys.collections)).filter,
    fields: given.select && Object.entries(given.select).flatMap(([field, text]) => { const path = parsePath(text); return path ? [{ name: field, path }] : [] }),
    definition: JSON.stringify([name, given]),
  }]))
}

/** What is wrong with the declared views, beyond what their schema says. */
export function faultsOfViews({ views = {}, collections = {} }: StorageKeys): readonly KeyFault[] {
  return Object.entries(views).flatMap(([name, view]) => [
    ...(Object.hasOwn(collections, view.from) ? [] : [{ path: ['from'], message: noCollection(view.from, Object.keys(collections)) }]),
    ...faultsOfWhere(name, view, sourceOf(view, collections)),
    ...Object.entries(view.select ?? {}).flatMap(([field, path]) => faultsOfField(field, path, Object.keys(view.select ?? {}))),
  ].map((fault) => ({ ...fault, path: ['views', name, ...fault.path] })))
}

function noCollection(name: string, declared: readonly string[]): string {
  return `this binding has no collection "${name}"${didYouMean(name, declared) || (declared.length > 0 ? `; it has ${listed(declared)}` : '; a view needs `collections` beside it')}`
}

function sourceOf({ from }: ViewKeys, collections: Readonly<Record<string, CollectionKeys>> = {}): Names {
  const given = Object.hasOwn(collections, from) ? collections[from] : undefined
  return namesIn({ name: from, mapping: given && mappingOf(given) })
}

function faultsOfWhere(name: string, { where }: ViewKeys, source: Names): readonly KeyFault[] {
  try {
    parseQuery(name, where ? { where } : {}, source)
    return []
  } catch (error) {
    if (!isPorticoError(error)) throw error
    return error.errors.map(({ path, message }) => ({ path: path.split('/').slice(1).map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')), message }))
  }
}

function faultsOfField(name: string, text: string, names: readonly string[]): readonly KeyFault[] {
  const path = parsePath(text)
  const outer = names.find((other) => name.startsWith(`${other}.`))
  return [
    ...(isFieldName(name) ? [] : [{ path: ['select', name], on: 'key' as const, message: 'is no field name: it does not begin with -, and no part of it is empty or begins with $' }]),
    ...(outer === undefined ? [] : [{ path: ['select', name], on: 'key' as const, message: `stands inside the field "${outer}", which has a value of its own` }]),
    ...(path && !path.own && !badText(text) ? [] : [{ path: ['select', name], message: path?.own ? `is no path of a value; every record of a view has its ${text.slice(1)} beside the value` : 'is no path that a document can have' }]),
  ]
}

/** As of a document, and one that `orderBy` can write. */
function isFieldName(name: string): boolean {
  const path = parsePath(name)
  return path !== undefined && !path.own && !badText(name) && !name.startsWith('-') && !path.segments.includes('')
}

/** The query over the view's names as one over its collection. @throws INPUT_INVALID for a name that the view does not have. */
export function queryOfView(operation: string, view: View, input: FindViewInput): Query {
  const { filter, orderBy } = parseQuery(operation, input, namesOf(view))
  return { filter: { kind: 'and', of: [view.filter, filter] }, orderBy }
}

/**
 * The fields that the answer has: the view's, or those that `select` names; undefined for the whole value. A field that
 * holds another that is named too is told once.
 * @throws INPUT_INVALID for a name that the view does not have.
 */
export function fieldsOfView(operation: string, view: View, select: readonly string[] | undefined): readonly ViewField[] | undefined {
  if (!select) return view.fields
  const names = namesOf(view)
  const found = select.flatMap((name, index) => {
    const path = names.read(name)
    if (path && !path.own) return [{ name, path }]
    const below = path ? [] : (view.fields ?? []).filter((field) => field.name.startsWith(`${name}.`))
    if (below.length === 0) throw kernelError('INPUT_INVALID', { operation }, { errors: [{ path: `/select/${index}`, message: path ? 'is no path of a value' : names.unknown(name) }] })
    return below
  })
  return found.filter(({ name }, index) => !found.some((other, at) => name.startsWith(`${other.name}.`) || (other.name === name && at < index)))
}

/** A view's names: its fields, and what stands below them; without `select` those of the collection. */
function namesOf({ name: view, fields, source }: View): Names {
  if (!fields) return source
  return {
    read(name) {
      if (name.startsWith('$')) return source.read(name)
      const field = fields.find((one) => name === one.name || name.startsWith(`${one.name}.`))
      return field && parsePath(`${field.path.name}${name.slice(field.name.length)}`)
    },
    unknown(name) {
      if (name.startsWith('$')) return source.unknown(name)
      const known = fields.map((field) => field.name)
      return `is no field of the view ${view}${didYouMean(name, known) || `; it has ${listed(known)}`}; its select in the manifest says which it has`
    },
  }
}

/** @throws STORAGE_VIEW_NOT_FOUND */
export function declaredView(views: ReadonlyMap<string, View>, binding: string, name: string): View {
  const found = views.get(name)
  if (!found) throw storageError('STORAGE_VIEW_NOT_FOUND', { binding, view: name })
  return found
}

function listed(names: readonly string[]): string {
  return names.length > 10 ? `${names.slice(0, 10).join(', ')} and ${names.length - 10} more` : names.join(', ')
}
