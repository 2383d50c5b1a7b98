import { join } from 'node:path'
import ts from 'typescript'

const root = new URL('../../..', import.meta.url).pathname
const types = join(root, 'node_modules/@types')

/** What tsc says of the files, which stand beside the sources of the kernel in memory. */
export function compile(files: Readonly<Record<string, string>>): readonly string[] {
  const options: ts.CompilerOptions = {
    strict: true, exactOptionalPropertyTypes: true, noUnusedLocals: true, noUncheckedIndexedAccess: true, noEmit: true, skipLibCheck: true, allowImportingTsExtensions: true,
    target: ts.ScriptTarget.ES2024, lib: ['lib.es2024.d.ts', 'lib.es2025.collection.d.ts', 'lib.esnext.disposable.d.ts'], module: ts.ModuleKind.NodeNext, typeRoots: [types], types: [],
    paths: { portico: [`${root}kernel/index.ts`], 'portico/ports': [`${root}kernel/binding/bound.ts`], 'portico/ports/*': [`${root}kernel/ports/*/index.ts`] },
  }
  const host = ts.createCompilerHost(options)
  const own = new Map(Object.entries(files).map(([name, text]) => [`${root}kernel/${name}`, text]))
  const disk = { readFile: host.readFile.bind(host), fileExists: host.fileExists.bind(host) }
  host.readFile = (name) => own.get(name) ?? disk.readFile(name)
  host.fileExists = (name) => own.has(name) || disk.fileExists(name)
  const program = ts.createProgram([...own.keys()], options, host)
  return [...own.keys()].flatMap((name) => {
    const file = program.getSourceFile(name)
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(({ start = 0, messageText, file: at }) => {
      const line = at?.getLineAndCharacterOfPosition(start).line ?? 0
      return `${ts.flattenDiagnosticMessageText(messageText, ' ')} in: ${at?.text.split('\n').slice(Math.max(0, line - 1), line + 1).join(' ') ?? ''}`
    })
  })
}
