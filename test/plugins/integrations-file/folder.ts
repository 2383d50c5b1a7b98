import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Log } from '../../../kernel/plugin.ts'

/** A folder of its own, removed with the test. */
export function folder(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'portico-outbox-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Every line of every file, oldest file first; each must be JSON. */
export function readLines(directory: string): readonly Record<string, unknown>[] {
  return readdirSync(directory).sort()
    .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n').filter((line) => line !== ''))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

export function keepLog(lines: string[]): Log {
  const line = (_: object, message: string) => void lines.push(message)
  const log: Log = { debug: line, info: line, warn: line, error: line, child: () => log }
  return log
}
