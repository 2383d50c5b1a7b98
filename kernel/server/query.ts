import { badText } from '../ports/text.ts'
import { httpError, invalid } from './errors.ts'

/** Far above what any route takes; beyond it a query is an attack. */
const maxParameters = 100

/**
 * The parameters of a query, each at most once.
 * @throws INPUT_INVALID for a repeated one, @throws HTTP_URL_MALFORMED for bad percent-encoding.
 */
export function parseQuery(text: string, title: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  if (text === '') return found

  for (const part of text.split('&', maxParameters + 1)) {
    const equals = part.indexOf('=')
    const name = decode(equals === -1 ? part : part.slice(0, equals))
    const value = decode(equals === -1 ? '' : part.slice(equals + 1))
    if (found.has(name)) throw invalid(title, name, 'is given twice')
    if (found.size === maxParameters) throw invalid(title, name, `is one of more than ${maxParameters} parameters`)
    const bad = badText(value)
    if (bad) throw invalid(title, name, bad)
    found.set(name, value)
  }
  return found
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw httpError('HTTP_URL_MALFORMED', {})
  }
}
