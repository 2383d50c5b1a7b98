import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import anyTest, { type TestFn } from 'ava'
import { startServer } from '../../tools/server-process.ts'

const test = anyTest as TestFn<{ directory: string }>
const run = promisify(execFile)
const cli = join(import.meta.dirname, '../../../kernel/cli/portico.ts')

const manifest = 'version: 1\nname: shop\nports:\n  cache: { use: lru }\n'

/** An extension that tells when it was asked to close, and takes a second for it. */
const slow = `import { definePlugin } from ${JSON.stringify(new URL('../../../kernel/plugin.ts', import.meta.url).href)}
const plugin = definePlugin({
  name: 'slow', summary: 'closes slowly', kernel: '*',
  create: ({ onClose }) => { onClose(() => new Promise((resolve) => { setTimeout(resolve, 60_000) })); return {} },
})
export default plugin
`

test.beforeEach(async (t) => {
  t.context.directory = await mkdtemp(join(tmpdir(), 'portico-process-'))
  await writeFile(join(t.context.directory, 'infra.config.yaml'), manifest)
})

test.afterEach.always(async (t) => {
  await rm(t.context.directory, { recursive: true, force: true })
})

test('a server starts without any argument, serves, and stops at SIGTERM with 0', async (t) => {
  const server = await startServer({ cli, directory: t.context.directory })

  t.is((await fetch(`${server.url}/livez`)).status, 200)
  t.is(await server.stop(), 0)
  await t.throwsAsync(fetch(`${server.url}/livez`))
})

test('a person is told what started, where it listens and where the page is', async (t) => {
  const child = spawn(process.execPath, [cli, '--set', 'server.port=0'], { cwd: t.context.directory, stdio: ['ignore', 'pipe', 'inherit'] })
  let written = ''
  let asked = false
  for await (const chunk of child.stdout) {
    written += String(chunk)
    const page = /OpenAPI page {2}(\S+)\/docs\n/.exec(written)?.[1]
    if (page === undefined || asked) continue
    asked = true
    await fetch(`${page}/livez`)
    child.kill('SIGINT')
  }

  t.regex(written, /started {2}cache +lru +\d+\.\d ms/)
  t.regex(written, /listening on {2}http:\/\/127\.0\.0\.1:\d+ /)
  t.regex(written, /OpenAPI page {2}http:\/\/127\.0\.0\.1:\d+\/docs/)
  t.regex(written, /"route":"\/livez"/, 'without a terminal the log is one record a line')
  t.regex(written, /\nstopped\n$/, 'no line of the log comes after it')
  t.false(written.includes('\u001b'), 'there is no colour where there is no terminal')
})

test('a second signal ends it at once', async (t) => {
  const { directory } = t.context
  await writeFile(join(directory, 'slow.ts'), slow)
  await writeFile(join(directory, 'infra.config.yaml'), `${manifest}plugins: [./slow.ts]\n`)
  const child = spawn(process.execPath, [cli, 'start', '--json', '--set', 'server.port=0'], { cwd: directory, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')

  for await (const chunk of child.stdout) {
    if (String(chunk).includes('"listening"')) child.kill('SIGTERM')
    if (String(chunk).includes('"stopping"')) child.kill('SIGTERM')
  }

  t.is((await ended)[0], 128 + 15)
})

test('a manifest that cannot start ends with 1 and the cause', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo

  const wrong = await t.throwsAsync<Error & { code: number; stderr: string }>(run(process.execPath, [cli, 'start', '--set', 'ports.cache.with.maxSize=much'], { cwd: t.context.directory }))
  const inUse = await t.throwsAsync<Error & { code: number; stderr: string }>(run(process.execPath, [cli, 'start', '--set', `server.port=${port}`], { cwd: t.context.directory }))
  taken.close()

  t.is(wrong.code, 1)
  t.regex(wrong.stderr, /ports\.cache\.with\.maxSize/)
  t.is(inUse.code, 1)
  t.true(inUse.stderr.includes(String(port)), inUse.stderr)
})

test('who stops reading the output stops the command, without an error', async (t) => {
  const child = spawn(process.execPath, [cli, 'schema'], { cwd: t.context.directory, stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString() })
  child.stdout.destroy()

  t.is((await once(child, 'exit'))[0], 0)
  t.is(errors, '')
})

test('a command that waits for what never comes says so, and ends', async (t) => {
  const { directory } = t.context
  await mkdir(join(directory, 'steps'))
  await writeFile(join(directory, 'steps/1-never.mjs'), 'export default { run: () => new Promise(() => {}) }')
  await writeFile(join(directory, 'infra.config.yaml'), 'version: 1\nname: shop\nconnections: { main: { use: sqlite, with: { file: shop.db } } }\nports:\n  storage: { on: main, migrations: ./steps, collections: { a: {} } }\n')

  const error = await t.throwsAsync(run(process.execPath, [cli, 'migrate', 'apply'], { cwd: directory }))

  t.like(error, { code: 1 })
  t.regex((error as { readonly stderr?: string }).stderr ?? '', /waits for a promise/)
})
