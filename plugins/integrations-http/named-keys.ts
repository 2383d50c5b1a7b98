/**
 * The text of a key that a group of settings names.
 * @throws Error that says which setting is wrong.
 */
export function keyText(keys: Readonly<Record<string, string>>, name: string, group: string): string {
  const text = Object.hasOwn(keys, name) ? keys[name] : undefined
  if (text === undefined) throw new Error(`${group}.key: keys has no ${JSON.stringify(name)}`)
  return text
}

/** What reads a key fails in words that do not show it: they are told with the setting. */
export function readingKey<T>(group: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw new Error(`${group}.key: it ${cause instanceof Error ? cause.message : 'cannot be read'}`, { cause })
  }
}
