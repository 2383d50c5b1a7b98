import type { CacheSelection } from '../../kernel/ports/cache/index.ts'

/** What changed in the level that replicas share. */
export type Change = { readonly key: string } | CacheSelection

/** `<who says it> <the change as JSON>` */
export function toMessage(sender: string, change: Change): string {
  return `${sender} ${JSON.stringify(change)}`
}

/** Undefined for what `sender` said itself. What makes no sense may have been any change: then it is all. */
export function fromMessage(text: string, sender: string): Change | undefined {
  const space = text.indexOf(' ')
  if (text.slice(0, space) === sender) return undefined
  try {
    const change: unknown = JSON.parse(text.slice(space + 1))
    return isChange(change) ? change : { all: true }
  } catch {
    return { all: true }
  }
}

function isChange(value: unknown): value is Change {
  if (typeof value !== 'object' || value === null) return false
  if ('key' in value) return typeof value.key === 'string'
  if ('prefix' in value) return typeof value.prefix === 'string'
  if ('tags' in value) return Array.isArray(value.tags) && value.tags.every((tag) => typeof tag === 'string')
  return 'all' in value && value.all === true
}
