import { kernelError, type FieldError } from '../../errors.ts'
import type { Json, JsonObject } from '../../json.ts'
import { badText, findBadText } from '../text.ts'
import type { Collection } from './collections.ts'
import { storageError } from './errors.ts'
import { limits } from './limits.ts'
import { isRefusedName } from './path.ts'

/** Any text of this form is a good id; the usual ones are told by one look. */
const plainId = /^[!-^`-~][ -~]{0,254}$/

/**
 * @throws INPUT_INVALID unless it is 1 to 255 bytes of UTF-8 that every backend keeps and every route reaches: it
 * does not begin with `_`, and is not `.` or `..`.
 */
export function checkId(operation: string, id: string, path = '/id'): void {
  if (plainId.test(id) && id !== '.' && id !== '..') return
  const message = badId(id)
  if (message) throw kernelError('INPUT_INVALID', { operation }, { errors: [{ path, message }] })
}

/** Why no record can have this id; undefined when one can. */
export function badId(id: string): string | undefined {
  const bytes = Buffer.byteLength(id)
  if (bytes === 0 || bytes > limits.idBytes) return `must be 1 to ${limits.idBytes} bytes of UTF-8`
  if (id.startsWith('_')) return 'must not begin with _'
  return id === '.' || id === '..' ? 'must not be . or ..' : badText(id)
}

/**
 * The document as the text that is stored, with -0 as 0.
 * @throws INPUT_INVALID for what no backend keeps, STORAGE_TOO_LARGE, STORAGE_VALUE_INVALID when it breaks the
 *   collection's schema.
 */
export function checkDocument(operation: string, collection: Collection, value: JsonObject, path = '/value'): string {
  const bad = findBadText(value, { maxDepth: collection.maxDepth }) ?? findBadName(value)
  if (bad) throw kernelError('INPUT_INVALID', { operation }, { errors: [{ path: `${path}${bad.path}`, message: bad.message }] })

  const text = JSON.stringify(value)
  // The first comparison spares counting what is surely small enough.
  if (text.length * 3 > collection.maxBytes && Buffer.byteLength(text) > collection.maxBytes) {
    throw storageError('STORAGE_TOO_LARGE', { collection: collection.name, maxBytes: collection.maxBytes })
  }

  const broken = collection.check?.(value) ?? []
  if (broken.length > 0) {
    throw storageError('STORAGE_VALUE_INVALID', { collection: collection.name }, { errors: broken.map((error) => ({ ...error, path: `${path}${error.path}` })) })
  }
  return text
}

/** A field name that MongoDB would read as its own. */
function findBadName(value: Json): FieldError | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const isList = Array.isArray(value)
  // An array's elements are met without a name made for each.
  for (const step of isList ? value.keys() : Object.keys(value)) {
    if (!isList && isRefusedName(step as string)) return { path: pointer(step), message: 'is not allowed as a field name' }
    const found = findBadName((value as Readonly<Record<string | number, Json>>)[step] ?? null)
    if (found) return { path: `${pointer(step)}${found.path}`, message: found.message }
  }
  return undefined
}

function pointer(step: string | number): string {
  return `/${String(step).slice(0, 100).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`
}
