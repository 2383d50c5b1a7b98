import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { applicationFolder, send, serve } from './server.ts'

/** A disk of 8 MiB at `folder`; gone after the test. */
function smallDisk(t: ExecutionContext, folder: string): void {
  mkdirSync(folder)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'portico-faults', folder], { stdio: 'pipe' })
  t.teardown(() => execFileSync('umount', ['--lazy', folder]))
}

/** Mounting needs root; anyone else sees this test as skipped. */
const onSmallDisk = process.getuid?.() === 0 ? test : test.skip

onSmallDisk('a full disk: writes answer 507 as retryable, reads go on, and writes work again when there is space', async (t) => {
  const directory = await applicationFolder(t, 'disk/faults.db')
  smallDisk(t, join(directory, 'disk'))
  const ballast = join(directory, 'disk/ballast')
  writeFileSync(ballast, Buffer.alloc(4 * 1024 * 1024))
  const { url } = await serve(t, directory)
  const put = (id: string) => send<{ code?: string; retryable?: boolean }>(`${url}/v1/storage/orders/${id}`, 'PUT', { text: 'x'.repeat(100_000) })

  const acknowledged: string[] = []
  let refused: Awaited<ReturnType<typeof put>> | undefined
  for (let n = 0; n < 200 && !refused; n++) {
    const answer = await put(`o${n}`)
    if (answer.status === 201) acknowledged.push(`o${n}`)
    else refused = answer
  }
  t.is(refused?.status, 507)
  t.like(refused?.body, { code: 'DATABASE_FULL', retryable: true })
  t.true(acknowledged.length > 0)

  const read = await send(`${url}/v1/storage/orders/${acknowledged.at(-1)}`, 'GET')
  t.is(read.status, 200, 'reads go on')
  t.is((await put('again')).status, 507)

  rmSync(ballast)
  t.is((await put('again')).status, 201, 'it recovers by itself')
  for (const id of acknowledged) t.is((await send(`${url}/v1/storage/orders/${id}`, 'GET')).status, 200, `${id} was acknowledged`)
})
