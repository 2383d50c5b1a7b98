/** A name as TypeScript writes it: bare where it can be, unless `quoted`. */
export function nameOf(name: string, quoted = false): string {
  if (!quoted && /^[A-Za-z_$][\w$]*$/.test(name)) return name
  return /^[ -&(-[\]-~]*$/.test(name) ? `'${name}'` : JSON.stringify(name)
}

/** One member of an object type, as a line of its own. */
export function member(indent: string, name: string, type: string, required = true): string {
  return `${indent}readonly ${nameOf(name)}${required ? '' : '?'}: ${type}\n`
}

/** A description as a comment above its member; nothing in it can end the comment. */
export function commentOf(description: unknown, indent: string): string {
  if (typeof description !== 'string' || description.trim() === '') return ''
  const text = description.replaceAll(/[\p{Cc}\s]+/gu, ' ').replaceAll('*/', '*\\/').trim()
  return `${indent}/** ${text.length > 200 ? `${text.slice(0, 199).toWellFormed()}…` : text} */\n`
}
