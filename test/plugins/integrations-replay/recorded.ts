import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import type { Bound } from '../../../kernel/plugin.ts'

type Partner = Bound['integrations']

/** A path in a folder that goes with the test. */
export function emptyFile(t: ExecutionContext, text?: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'portico-recording-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'partner.jsonl')
  if (text !== undefined) writeFileSync(file, text)
  return file
}

export function linesOf(file: string): readonly Record<string, unknown>[] {
  return readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** A binding over HTTP that records; once closed, all that it did is in the file. */
export async function startRecording(t: ExecutionContext, baseUrl: string, operations: object, settings: { readonly record: object; readonly headers?: object }): Promise<{ partner: Partner; close(): Promise<void> }> {
  const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: { use: 'http', with: { baseUrl, ...settings }, operations } } }, { directory: tmpdir(), env: {} })
  let closed: ReturnType<typeof kernel.close> | undefined
  const close = async () => { await (closed ??= kernel.close()) }
  t.teardown(close)
  return { partner: kernel.ports.integrations, close }
}

export async function replay(t: ExecutionContext, file: string, operations: object, settings: object = {}, keys: object = {}): Promise<Partner> {
  const kernel = await createKernel({ version: 1, name: 'test', ports: { integrations: { use: 'replay', with: { file, ...settings }, operations, ...keys } } }, { directory: tmpdir(), env: {} })
  t.teardown(() => kernel.close())
  return kernel.ports.integrations
}
