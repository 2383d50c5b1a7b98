import type { FieldError, PorticoError } from '../../errors.ts'
import { cacheError } from './errors.ts'

const remedies = {
  nothing: 'give null, or set negativeMs',
  field: 'leave the field out, or give null',
  kind: 'give texts, finite numbers, true, false, null, lists and plain objects of them, or a Uint8Array',
}

/** The error for what a load gave `at` some place and no cache can keep: what is wrong with it, where, what stands there, and what to do. */
export function loadRefused(operation: string, { path, message }: FieldError, loaded: unknown, at = ''): PorticoError {
  const bad = found(loaded, path)
  // Of what has the right kind, and is wrong in another way, the kind tells nothing.
  const what = bad && /^must be a (JSON|list)/.test(message) ? kindOf(bad.value) : undefined
  const remedy = message !== 'must be a JSON value' ? undefined : what !== 'undefined' ? remedies.kind : path === '' ? remedies.nothing : remedies.field
  const place = `${at}${path}`
  const problem = `${place === '' ? 'it' : place} ${message}${what === undefined ? '' : `, and is ${what}`}${remedy === undefined ? '' : `: ${remedy}`}`
  return cacheError('CACHE_LOAD_INVALID', { operation, problem }, { errors: [{ path: place, message }] })
}

/** What stands at a JSON pointer; undefined when it was shortened. */
function found(value: unknown, path: string): { readonly value: unknown } | undefined {
  let at = value
  for (const name of path.split('/').slice(1)) {
    const real = name.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof at !== 'object' || at === null || !(real in at)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[real]
  }
  return { value: at }
}

/** `undefined`, `of the class Date`, `a function`. */
function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  const { constructor } = value
  const name = typeof constructor === 'function' ? constructor.name : ''
  return name === '' ? 'an object' : `of the class ${name.slice(0, 60)}`
}
