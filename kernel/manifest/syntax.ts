import { Composer, Lexer, Parser, YAMLParseError } from 'yaml'
import type { CST, Document, LineCounter, YAMLError } from 'yaml'
import type { Problem } from './problems.ts'
import type { Position } from './types.ts'

/** Maps and lists in one another; what a person writes stays far below, here and in the next. */
export const maxDepth = 64

/** Words, signs and gaps: the library takes a microsecond or two for each, whatever they mean. */
const maxLexemes = 300_000

/** The library's tree of the first document, or why the text is beyond what is read. */
export function readDocument(text: string, lines: LineCounter): Document.Parsed | { readonly failure: string; readonly offset: number } {
  const { stackTraceLimit } = Error
  // A text of a million mistakes is a million errors here, and their stacks would take 15 s.
  Error.stackTraceLimit = 0
  try {
    const tokens: CST.Token[] = []
    const parser = new Parser(lines.addNewLine)
    let lexemes = 0
    lines.addNewLine(0)
    for (const lexeme of new Lexer().lex(text)) {
      if (++lexemes > maxLexemes) return { offset: 0, failure: `is longer than anyone writes: more than ${maxLexemes} words and signs` }
      // The tree's reader tells the exact place; this is for what its recursion must not meet.
      if (parser.stack.length > 2 * maxDepth) return { offset: parser.offset, failure: `is nested deeper than ${maxDepth} levels` }
      tokens.push(...parser.next(lexeme))
    }
    tokens.push(...parser.end())

    // Without `uniqueKeys`: the library compares every key with every other one; the tree's reader does it with a Map.
    const [document, second] = new Composer({ uniqueKeys: false, version: '1.2', logLevel: 'error' }).compose(tokens, true, text.length)
    if (!document) return { offset: 0, failure: 'is empty' }
    if (second) document.errors.push(new YAMLParseError([second.range[0], second.range[1]], 'MULTIPLE_DOCS', ''))
    return document
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** More than these are the echo of the first. */
const maxShown = 10

/** What is wrong with the text as YAML, one problem a line; a reference without quotes is told as just that. */
export function syntaxProblems(document: Document.Parsed, text: string, place: (offset: number) => Position): readonly Problem[] {
  const found = [...document.errors, ...document.warnings]
  const unquoted = unquotedReferences(text, found, place)
  if (unquoted.length > 0) return unquoted

  const problems = found.slice(0, 1_000).map((error) => ({ at: place(Math.min(error.pos[0], text.length)), message: wordsFor(error) }))
  if (document.directives.yaml.explicit && document.directives.yaml.version !== '1.2') problems.push({ at: place(0), message: 'only YAML 1.2 is read; remove the %YAML line' })
  return problems.filter((problem, index) => problems.findIndex((other) => other.at.line === problem.at.line) === index).slice(0, maxShown)
}

/** Inside `{ }` and `[ ]` the brace of `${…}` opens a map: every error from there on is an echo of that. */
function unquotedReferences(text: string, errors: readonly YAMLError[], place: (offset: number) => Position): readonly Problem[] {
  const lines = new Set(errors.slice(0, 1_000).map((error) => place(Math.min(error.pos[0], text.length)).line))
  const problems: Problem[] = []
  if (lines.size === 0) return problems

  for (const match of text.matchAll(/\$\{(?:env|secret|file):[^\n}]{0,200}\}?/g)) {
    const at = place(match.index)
    const before = text.slice(text.lastIndexOf('\n', match.index - 1) + 1, match.index)
    if (!lines.has(at.line) || /#|"[^"]*$|'[^']*$/.test(before.replace(/"[^"]*"|'[^']*'/g, '')) || !/[[{]/.test(before)) continue
    problems.push({ at, message: `quote the reference: "${match[0]}"` })
    if (problems.length === maxShown) break
  }
  return problems
}

const words: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab stands where YAML wants spaces; indent with spaces',
  MULTIPLE_DOCS: 'a second document starts here (---); a manifest is one document',
  TAG_RESOLVE_FAILED: 'tags (!) are not supported; write the plain value',
  MULTIPLE_ANCHORS: 'a value can have one anchor only',
}

function wordsFor(error: YAMLError): string {
  const own = words[error.code]
  if (own) return own
  const said = error.message.split('\n')[0] ?? error.code
  return `not valid YAML: ${said.length > 160 ? `${said.slice(0, 160)}…` : said}`
}
