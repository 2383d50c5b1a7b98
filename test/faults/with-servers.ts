import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { serverUrl, type ServerName } from '../services/server.ts'

/** From a server's port to the one that is held while a test has it: an open port is gone with its process, however that ends. */
const fromPort = 10_000
const askAgainMs = 200

/**
 * A test that has these servers to itself: other files run beside it, and must not use what it kills. The proxies of Toxiproxy
 * are each a test's own. It is shown as skipped where a server is not there.
 */
export function withServers(names: readonly ServerName[], title: string, body: (t: ExecutionContext, ...urls: string[]) => Promise<void> | void): void {
  const urls = names.flatMap((name) => serverUrl(name) ?? [])
  if (urls.length < names.length) return test.serial.skip(title, () => undefined)
  const killed = urls.filter((_, at) => names[at] !== 'TOXIPROXY').map((url) => Number(new URL(url).port))
  test.serial(title, async (t) => {
    // In one order everywhere, so that no two tests wait for one another.
    for (const port of killed.toSorted()) await holdPort(t, port + fromPort)
    await body(t, ...urls)
  })
}

/** Until the test and its other teardowns have ended. */
async function holdPort(t: ExecutionContext, port: number): Promise<void> {
  for (;;) {
    const holder = createServer()
    try {
      await once(holder.listen(port, '127.0.0.1'), 'listening')
      return t.teardown(() => { holder.close() })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
      await sleep(askAgainMs)
    }
  }
}
