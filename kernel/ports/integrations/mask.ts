import type { Json } from '../../json.ts'

/** The names of a JSON pointer; `*` stands for every member and element. */
export type Pointer = readonly string[]

const hiddenText = '***'

export function readPointer(text: string): Pointer {
  return text.split('/').slice(1).map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The value with what the pointers lead to masked: texts, numbers and booleans at and below it become `***`, 0 and false, so that its shape stays. */
export function maskAt(value: Json, pointers: readonly Pointer[]): Json {
  if (pointers.length === 0) return value
  if (pointers.some(({ length }) => length === 0)) return maskAll(value)
  return mapMembers(value, (item, name) => maskAt(item, below(pointers, name)))
}

/** The value with each text masked that is to be hidden; `onMasked` is told where. */
export function maskTexts(value: Json, isHidden: (text: string) => boolean, onMasked: (pointer: string) => void, at = ''): Json {
  if (typeof value !== 'string') return mapMembers(value, (item, name) => maskTexts(item, isHidden, onMasked, `${at}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`))
  if (!isHidden(value)) return value
  onMasked(at)
  return hiddenText
}

function maskAll(value: Json): Json {
  if (typeof value === 'string') return hiddenText
  if (typeof value === 'number') return 0
  return typeof value === 'boolean' ? false : mapMembers(value, maskAll)
}

function mapMembers(value: Json, map: (item: Json, name: string) => Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return (value as readonly Json[]).map((item, index) => map(item, String(index)))
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, map(item, name)]))
}

function below(pointers: readonly Pointer[], name: string): readonly Pointer[] {
  return pointers.flatMap(([first, ...rest]) => (first === '*' || first === name ? [rest] : []))
}
