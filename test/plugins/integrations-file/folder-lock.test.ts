import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { createKernel } from '../../../kernel/index.ts'
import { main } from '../../../kernel/cli/main.ts'
import { recorder } from '../../kernel/cli/recorder.ts'
import { folder, readLines } from './folder.ts'

const operations = { charge: { method: 'POST', path: '/charges' } }

function manifestOf(...directories: string[]) {
  return { version: 1, name: 'test', ports: Object.fromEntries(directories.map((directory, index) => [`integrations.n${index}`, { use: 'file', with: { directory }, operations }])) }
}

async function start(t: ExecutionContext, ...directories: string[]) {
  const kernel = await createKernel(manifestOf(...directories), { directory: '/', env: {} })
  let closed = false
  const close = async () => {
    if (!closed) await kernel.close()
    closed = true
  }
  t.teardown(close)
  return { partner: kernel.ports['integrations.n0'], close }
}

/** A process that has the folder, until it is killed. */
async function startHolder(t: ExecutionContext, directory: string) {
  const child = spawn(process.execPath, [fileURLToPath(new URL('holding-process.ts', import.meta.url)), directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return { pid: child.pid, kill: async () => { child.kill('SIGKILL'); await once(child, 'exit') } }
}

test('a folder that another process has refuses the start by its folder, the process and the remedy, and kill -9 frees it', async (t) => {
  const directory = folder(t)
  const holder = await startHolder(t, directory)

  const error = await t.throwsAsync(start(t, directory), { code: 'INTEGRATION_OUTBOX_TAKEN' })
  t.like((error as unknown as { details: object }).details, { directory, pid: holder.pid })
  for (const words of [directory, `process ${holder.pid} `, 'a `directory` of its own']) t.true(error?.message.includes(words), words)

  await holder.kill()
  const { partner } = await start(t, directory)
  t.true((await partner?.call({ operation: 'charge', input: { n: 1 } }))?.accepted)
})

test('a process may have many folders, and none of them twice, until it closes them', async (t) => {
  const [first, second] = [folder(t), folder(t)]
  const both = await start(t, first, second)

  await t.throwsAsync(start(t, second), { code: 'INTEGRATION_OUTBOX_TAKEN', message: /integrations\.n1 of this very process/ })
  await t.throwsAsync(start(t, join(folder(t), 'new'), first), { code: 'INTEGRATION_OUTBOX_TAKEN' })

  await both.close()
  await t.notThrowsAsync(start(t, first, second))
})

test('who only asks how everything is takes no folder, makes none, and mends nothing that somebody is writing', async (t) => {
  const directory = folder(t)
  const missing = join(folder(t), 'a', 'b')
  const { partner } = await start(t, directory)
  await partner?.call({ operation: 'charge', input: { n: 1 } })
  const name = readdirSync(directory).find((one) => one.endsWith('.ndjson')) ?? ''
  writeFileSync(join(directory, name), '{"half', { flag: 'a' })

  const manifest = join(folder(t), 'infra.config.yaml')
  writeFileSync(manifest, JSON.stringify(manifestOf(directory, missing)))
  const terminal = recorder()
  t.is(await main(['doctor', '-f', manifest], terminal), 0, terminal.written.err)

  t.false(existsSync(missing))
  t.throws(() => readLines(directory), { instanceOf: SyntaxError }, 'the half line is there still')
})

test('a folder that cannot be made is told with its reason', async (t) => {
  const directory = folder(t)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'file'), '')

  await t.throwsAsync(start(t, join(directory, 'file', 'outbox')), { code: 'INTEGRATION_OUTBOX_UNUSABLE', message: /ENOTDIR/ })
})
