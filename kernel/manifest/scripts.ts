import { createHash } from 'node:crypto'
import { decodeText, readFile, readFolder } from './files.ts'
import { type ScriptFile, scriptNumber } from './units.ts'

const mostScripts = 10_000
const maxScriptBytes = 1024 ** 2

const isCode = /\.[cm]?[jt]s$/
const isDeclaration = /\.d\.[cm]?ts$/
/** Fifteen digits are exact as a number, and enough for a time. */
const numbered = /^\d{1,15}(?!\d)[A-Za-z0-9._-]{0,180}$/

/**
 * The numbered scripts of a folder in the order of their numbers; what is no code, and sub-folders, are left alone. Refuses, file by
 * file, code whose name begins with no number, for its author meant it to run, and two with one number.
 */
export function readScripts(folder: string, shown: string, refuse: (message: string) => void): readonly ScriptFile[] {
  const found = readFolder(folder)
  if ('failure' in found) {
    refuse(`the folder ${shown} ${found.failure}`)
    return []
  }
  const names = found.names.filter((name) => isCode.test(name) && !isDeclaration.test(name))
  if (names.length > mostScripts) refuse(`the folder ${shown} has ${names.length} scripts; at most ${mostScripts} are read`)
  for (const name of names) {
    if (!numbered.test(name)) refuse(`${shown}/${printable(name)} must begin with a number of at most 15 digits, then at most 181 letters, digits, ., - and _, such as 0001-first.ts; code that scripts share belongs in a folder below`)
  }

  const scripts = names.slice(0, mostScripts).filter((name) => numbered.test(name)).sort((a, b) => scriptNumber(a) - scriptNumber(b))
  for (const [at, name] of scripts.entries()) {
    const before = scripts[at - 1]
    if (before !== undefined && scriptNumber(before) === scriptNumber(name)) refuse(`${before} and ${name} of ${shown} have the same number; which comes first?`)
  }
  return scripts.flatMap((name) => scriptOf(`${folder}/${name}`, name, shown, refuse))
}

function scriptOf(path: string, name: string, shown: string, refuse: (message: string) => void): readonly ScriptFile[] {
  const read = readFile(path, maxScriptBytes)
  const text = 'failure' in read ? undefined : decodeText(read.bytes)
  if (text === undefined) {
    refuse(`${shown}/${name} ${'failure' in read ? read.failure : 'is not UTF-8 text'}`)
    return []
  }
  return [{ name, path, sha256: createHash('sha256').update(text.replaceAll('\r\n', '\n')).digest('hex') }]
}

function printable(name: string): string {
  return name.replaceAll(/\p{Cc}/gu, '?')
}
