import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { startServer } from '../tools/server-process.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const examples = join(root, 'docs/guides/examples')

interface Package {
  readonly name: string
  readonly bin: { readonly portico: string }
  readonly dependencies: Readonly<Record<string, string>>
}

/** The folder of an application that has installed the packed project and the example plugin. */
let application: string

/**
 * Packs both packages as `npm publish` would, and unpacks them into an empty application. Their declared dependencies
 * are linked from this checkout, so that the test needs no network; one that is used and not declared is not there.
 */
test.before(async () => {
  application = await mkdtemp(join(tmpdir(), 'portico-packed-'))
  await unpack(await pack(root), 'portico')
  await unpack(await pack(join(examples, 'cache-directory')), 'portico-cache-directory')

  const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Package
  for (const name of Object.keys(dependencies)) await link(name)
})

test.after.always(async () => {
  await rm(application, { recursive: true, force: true })
})

async function pack(folder: string): Promise<string> {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', application], { cwd: folder, maxBuffer: 64 * 1024 * 1024 })
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as readonly { readonly filename: string }[]
  if (!packed) throw new Error(`npm pack answered ${stdout}`)
  return join(application, packed.filename)
}

async function unpack(tarball: string, name: string): Promise<void> {
  const folder = join(application, 'node_modules', name)
  await mkdir(folder, { recursive: true })
  await run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'])
}

async function link(name: string): Promise<void> {
  const target = join(application, 'node_modules', name)
  await mkdir(dirname(target), { recursive: true })
  await symlink(join(root, 'node_modules', name), target, 'junction')
}

async function cli(): Promise<string> {
  const folder = join(application, 'node_modules/portico')
  const { bin } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Package
  return join(folder, bin.portico)
}

test.serial('a manifest with a plugin of a third party starts, serves and stops', async (t) => {
  const directory = join(application, 'with-plugin')
  await mkdir(directory)
  await cp(join(examples, 'cache-directory/infra.config.yaml'), join(directory, 'infra.config.yaml'))

  const first = await startServer({ cli: await cli(), directory })
  t.teardown(() => first.stop('SIGKILL'))
  const put = await fetch(`${first.url}/v1/cache/greeting`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"value":"hello"}' })
  const tagged = await fetch(`${first.url}/v1/cache/greeting`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{"value":1,"tags":["a"]}' })
  const stopped = await first.stop()

  t.is(put.status, 204)
  t.like(await tagged.json(), { status: 400, code: 'CACHE_UNSUPPORTED' })
  t.is(stopped, 0)

  const second = await startServer({ cli: await cli(), directory })
  t.teardown(() => second.stop('SIGKILL'))
  const kept = await fetch(`${second.url}/v1/cache/greeting`)
  t.like(await kept.json(), { value: 'hello' })
  t.is(await second.stop(), 0)
})

test.serial('an extension in a local TypeScript file adds its routes', async (t) => {
  const directory = join(application, 'with-extension')
  await cp(join(examples, 'extension-routes'), directory, { recursive: true })

  const server = await startServer({ cli: await cli(), directory })
  t.teardown(() => server.stop('SIGKILL'))
  for (const text of ['first', 'second']) {
    const stored = await fetch(`${server.url}/v1/storage/notes`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ author: 'ada', text }) })
    t.is(stored.status, 201, await stored.text())
  }
  const answer = await fetch(`${server.url}/notes/ada`)

  t.is(await answer.text(), 'second\nfirst\n')
  t.is(await server.stop(), 0)
})

test.serial('the library is typed, and strict code compiles against it', async (t) => {
  const directory = join(application, 'with-types')
  await mkdir(directory)
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }')
  await cp(join(examples, 'extension-routes/notes.ts'), join(directory, 'notes.ts'))
  await writeFile(join(directory, 'index.ts'), `import { createKernel } from 'portico'
const kernel = await createKernel({ version: 1, name: 'typed', ports: { cache: { use: 'lru' } } })
await kernel.ports.cache.set({ key: 'a', value: 1 })
const hit = await kernel.ports['cache.named'].get({ key: 'a' })
export const value: number | null = hit ? hit.ttlMs : null
// @ts-expect-error -- a cache has no such operation
kernel.ports.cache.enqueue
await kernel.close()
`)
  await writeFile(join(directory, 'tsconfig.json'), JSON.stringify({
    compilerOptions: { strict: true, module: 'nodenext', target: 'es2024', noEmit: true, skipLibCheck: true, types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
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
