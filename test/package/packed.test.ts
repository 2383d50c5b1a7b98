import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { startServer } from '../tools/server-process.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const examples = join(root, 'docs/guides/examples')

/** The folder of an application that has installed the packed project and the example plugin. */
let application: string
/** The `portico` that npm linked. */
let cli: string

/**
 * Packs both packages as `npm publish` would, and installs them into an empty application, as its user does. No install
 * script is needed: better-sqlite3 brings prebuilt binaries.
 */
test.before(async () => {
  application = await realpath(await mkdtemp(join(tmpdir(), 'portico-packed-')))
  cli = join(application, 'node_modules/.bin/portico')
  await writeFile(join(application, 'package.json'), '{ "private": true }')
  const packed = [await pack(root), await pack(join(examples, 'cache-directory'))]
  await npm(['install', ...packed, '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], application)
})

test.after.always(async () => {
  await rm(application, { recursive: true, force: true })
})

async function pack(folder: string): Promise<string> {
  const stdout = await npm(['pack', '--json', '--pack-destination', application], folder)
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as readonly { readonly filename: string }[]
  if (!packed) throw new Error(`npm pack answered ${stdout}`)
  return join(application, packed.filename)
}

async function npm(args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await run('npm', args, { cwd, maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

test.serial('a manifest with a plugin of a third party starts, serves and stops', async (t) => {
  const directory = join(application, 'with-plugin')
  await mkdir(directory)
  await cp(join(examples, 'cache-directory/infra.config.yaml'), join(directory, 'infra.config.yaml'))

  const first = await startServer({ cli, directory })
  t.teardown(() => first.stop('SIGKILL'))
  const put = await fetch(`${first.url}/v1/cache/greeting`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"value":"hello"}' })
  const tagged = await fetch(`${first.url}/v1/cache/greeting`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"value":1,"tags":["a"]}' })
  const stopped = await first.stop()

  t.is(put.status, 204)
  t.like(await tagged.json(), { status: 400, code: 'CACHE_UNSUPPORTED' })
  t.is(stopped, 0)

  const second = await startServer({ cli, directory })
  t.teardown(() => second.stop('SIGKILL'))
  const kept = await fetch(`${second.url}/v1/cache/greeting`)
  t.like(await kept.json(), { value: 'hello' })
  t.is(await second.stop(), 0)
})

test.serial('an extension in a local TypeScript file adds its routes', async (t) => {
  const directory = join(application, 'with-extension')
  await cp(join(examples, 'extension-routes'), directory, { recursive: true })

  const server = await startServer({ cli, directory })
  t.teardown(() => server.stop('SIGKILL'))
  for (const text of ['first', 'second']) {
    const stored = await fetch(`${server.url}/v1/storage/notes`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ author: 'ada', text }) })
    t.is(stored.status, 201, await stored.text())
  }
  const answer = await fetch(`${server.url}/notes/ada`)

  t.is(await answer.text(), 'second\nfirst\n')
  t.is(await server.stop(), 0)
})

test.serial('an extension in a local TypeScript file does the jobs of a queue, and stores with the acknowledgement', async (t) => {
  const directory = join(application, 'with-handlers')
  await cp(join(examples, 'queue-handlers'), directory, { recursive: true })

  const server = await startServer({ cli, directory })
  t.teardown(() => server.stop('SIGKILL'))
  for (const to of ['ada@example.com', 'nobody']) {
    const added = await fetch(`${server.url}/v1/queue/emails/jobs`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ payload: { to } }) })
    t.is(added.status, 201, await added.text())
  }
  const counts = async () => (await (await fetch(`${server.url}/v1/queue/emails`)).json()) as { readonly done: number; readonly dead: number }
  while ((await counts()).done + (await counts()).dead < 2) await new Promise((resolve) => setTimeout(resolve, 20))

  t.like(await counts(), { done: 1, dead: 1 })
  const found = await fetch(`${server.url}/v1/storage/sent/_find`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
  t.like(await found.json(), { items: [{ value: { to: 'ada@example.com' } }] })
  t.is(await server.stop(), 0)
})

test.serial('a port of a third party has routes, problems and its own keys', async (t) => {
  const directory = join(application, 'with-port')
  await cp(join(examples, 'port-counters'), directory, { recursive: true })

  const server = await startServer({ cli, directory })
  t.teardown(() => server.stop('SIGKILL'))
  const added = await fetch(`${server.url}/v1/counters/visits`, { method: 'POST' })
  const missing = await fetch(`${server.url}/v1/counters/nobody`)

  t.deepEqual(await added.json(), { value: 105 })
  t.like(await missing.json(), { status: 404, code: 'COUNTERS_NOT_FOUND' })
  t.is(await server.stop(), 0)
})

test.serial('a driver of a third party is proved by the published contract suite', async (t) => {
  const directory = join(application, 'with-contract')
  await cp(join(examples, 'cache-directory'), directory, { recursive: true })
  await symlink(join(root, 'node_modules/ava'), join(application, 'node_modules/ava'), 'junction')

  // By its real path, as the link above is resolved: one copy of AVA.
  const ava = await realpath(join(root, 'node_modules/ava/entrypoints/cli.js'))
  const { stdout } = await run(process.execPath, [ava, '--tap'], { cwd: directory })
  t.regex(stdout, /# pass [1-9]/)
  t.regex(stdout, /# fail 0/)
})

test.serial('the examples of the guide to testing pass', async (t) => {
  const directory = join(application, 'with-tests')
  await cp(join(examples, 'testing'), directory, { recursive: true })

  const ava = await realpath(join(root, 'node_modules/ava/entrypoints/cli.js'))
  const { stdout } = await run(process.execPath, [ava, '--tap'], { cwd: directory })
  t.regex(stdout, /# pass 6/)
  t.regex(stdout, /# fail 0/)
})

test.serial('the library is typed, and strict code compiles against it', async (t) => {
  const directory = join(application, 'with-types')
  await mkdir(directory)
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
  await cp(join(examples, 'extension-routes/notes.ts'), join(directory, 'notes.ts'))
  await cp(join(examples, 'queue-handlers/mails.ts'), join(directory, 'mails.ts'))
  for (const file of ['counters.ts', 'memory.ts']) await cp(join(examples, 'port-counters', file), join(directory, file))
  await cp(join(examples, 'in-process/infra.config.yaml'), join(directory, 'infra.config.yaml'))
  await run(cli, ['types', '--out', 'documents.ts'], { cwd: directory })
  await writeFile(join(directory, 'index.ts'), `import { createKernel } from 'portico'
import './counters.ts'
const kernel = await createKernel({ version: 1, name: 'typed', ports: { cache: { use: 'lru' } } })
await kernel.ports.cache.set({ key: 'a', value: 1 })
const hit = await kernel.ports['cache.named'].get({ key: 'a' })
export const value: number | null = hit ? hit.ttlMs : null
// @ts-expect-error -- a cache has no such operation
kernel.ports.cache.enqueue
export const sum: number = (await kernel.ports.counters.add({ name: 'visits' })).value
// @ts-expect-error -- a field that the port's input does not have
await kernel.ports.counters.add({ name: 'visits', times: 2 })
export const price: unknown = (await kernel.ports.storage.view('sent').find({ orderBy: ['-price'] })).items[0]?.value.price
// @ts-expect-error -- documents.ts knows no such collection
kernel.ports.storage.collection('ordres')
await kernel.close()
`)
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({
    compilerOptions: { strict: true, module: 'nodenext', target: 'es2024', noEmit: true, allowImportingTsExtensions: true, skipLibCheck: true, types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
  }))

  await t.notThrowsAsync(run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', directory]).catch((error: unknown) => {
    throw new Error(String((error as { readonly stdout?: string }).stdout))
  }))
})

test.serial('the library starts from a value, in process', async (t) => {
  const script = `
    import { createKernel } from 'portico'
    const kernel = await createKernel({ version: 1, name: 'embedded', ports: { cache: { use: 'lru' } } })
    await kernel.ports.cache.set({ key: 'a', value: 1 })
    console.log(JSON.stringify(await kernel.ports.cache.get({ key: 'a' })))
    await kernel.close()`
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: application })

  t.like(JSON.parse(stdout), { value: 1, stale: false })
})

test.serial('the examples of the guide to the library run', async (t) => {
  const directory = join(application, 'in-process')
  await cp(join(examples, 'in-process'), directory, { recursive: true })

  const shop = await run(process.execPath, ['shop.ts'], { cwd: directory })
  t.regex(shop.stdout, /^STORAGE_NOT_UNIQUE \|/m)
  t.regex(shop.stdout, /^before the commit \{.*'paid'.*\}\nafter it \{.*'sent'.*\}$/m)
  t.regex(shop.stdout, /^as the view tells it \{ orderNo: 7, price: 40 \}\nclosed \{.*'closed' \}\nSTORAGE_VERSION_CONFLICT$/m)
  t.regex(shop.stdout, /^counted \[ 1, 1, 1 \] with 1 load$/m)

  const app = await run(process.execPath, ['app.ts'], { cwd: directory })
  t.is(app.stdout, "the kernel answers 201\nthe application answers { number: 12, status: 'open' }\nhealth 200\n")
})
