import { setTimeout as sleep } from 'node:timers/promises'
import { createKernel, isPorticoError } from '../../kernel/index.ts'
import { silentLog } from '../contract/log.ts'

// Started by tests that stop it: takes a lock over and over, writes under its fence while it holds it, and tells what came of it, a line each.
const [, , locksOn = '{}', storageOn = '{}', ttlMs = ''] = process.argv
const kernel = await createKernel({
  version: 1, name: 'faults',
  connections: { locks: JSON.parse(locksOn) as object, main: JSON.parse(storageOn) as object },
  ports: { locks: { on: 'locks' }, storage: { on: 'main', collections: { guarded: {} } } },
}, { log: silentLog, env: {} })
const { locks, storage } = kernel.ports
const name = 'guarded'
const ttl = Number(ttlMs)

/** Of all processes of this machine. */
const nowMs = () => performance.timeOrigin + performance.now()
const tell = (event: object) => process.stdout.write(`${JSON.stringify(event)}\n`)

tell({ ready: true })
for (;;) {
  try {
    const { token, fencingToken, expiresInMs } = await locks.acquire({ name, ttlMs: ttl, waitMs: 5_000 }, { timeoutMs: 5_000 })
    const fromMs = nowMs()
    tell({ granted: fencingToken })
    await sleep(20 + Math.random() * 60)
    const sentMs = nowMs()
    const written = await storage.put({ collection: 'guarded', id: 'one', value: { fencingToken }, fence: { lock: name, fencingToken } }, { timeoutMs: 3_000 }).then(() => 'written', codeOf)
    const writtenMs = nowMs()
    await sleep(Math.random() * 20)
    // Held at least until the release is sent, or its time is over, whichever comes first.
    const untilMs = Math.min(nowMs(), fromMs + expiresInMs)
    const released = await locks.release({ name, token }, { timeoutMs: 3_000 }).then(() => 'released', codeOf)
    tell({ fencingToken, fromMs, untilMs, sentMs, writtenMs, written, released })
    // Between processes there is no order: whoever asks again at once is served before those who wait.
    await sleep(Math.random() * 60)
  } catch (error) {
    tell({ failed: codeOf(error) })
    await sleep(20)
  }
}

function codeOf(error: unknown): string {
  return isPorticoError(error) ? error.code : `untyped: ${String(error)}`
}
