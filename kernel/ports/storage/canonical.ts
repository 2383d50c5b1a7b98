/**
 * JSON in one form: the same text for the same value, whatever the order of its fields. What JSON has no word for becomes what
 * JSON.stringify makes of it, and a bigint its digits: it never throws.
 */
export function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return String(item)
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item
    return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}
