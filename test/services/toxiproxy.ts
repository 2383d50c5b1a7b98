import type { ExecutionContext } from 'ava'

const firstPort = 17_500
const ports = 100

/** A way to a server on which a test makes faults of its own. */
export interface Proxy {
  readonly port: number
  /** Ends every connection, and lets none in until `restore`. */
  cut(): Promise<void>
  /** Keeps the connections, and lets nothing through: both ways, or only what the server answers. */
  hang(what: 'all' | 'answers'): Promise<void>
  /** Lets each answer through so much later. */
  slow(latencyMs: number): Promise<void>
  /** Takes every fault away. */
  restore(): Promise<void>
}

/** Puts a proxy before `upstream` (`host:port`), gone when the test ends. `api` is Toxiproxy's address. */
export async function openProxy(t: ExecutionContext, api: string, upstream: string): Promise<Proxy> {
  const name = `test-${Math.random().toString(36).slice(2)}`
  const send = async (method: string, path: string, body?: object): Promise<Response> => fetch(`${api}${path}`, { method, ...(body && { body: JSON.stringify(body) }) })
  const demand = async (...request: Parameters<typeof send>): Promise<void> => {
    const answer = await send(...request)
    if (!answer.ok) throw new Error(`Toxiproxy: ${answer.status} ${await answer.text()}`)
  }

  const port = await listen(send, name, upstream)
  t.teardown(() => send('DELETE', `/proxies/${name}`))
  const toxic = (stream: 'upstream' | 'downstream') => demand('POST', `/proxies/${name}/toxics`, { name: stream, type: 'timeout', stream, attributes: { timeout: 0 } })
  return {
    port,
    cut: () => demand('POST', `/proxies/${name}`, { enabled: false }),
    async hang(what) {
      await toxic('downstream')
      if (what === 'all') await toxic('upstream')
    },
    slow: (latency) => demand('POST', `/proxies/${name}/toxics`, { name: 'downstream', type: 'latency', stream: 'downstream', attributes: { latency } }),
    async restore() {
      for (const stream of ['downstream', 'upstream']) await send('DELETE', `/proxies/${name}/toxics/${stream}`)
      await demand('POST', `/proxies/${name}`, { enabled: true })
    },
  }
}

/** Takes a port that is free: others have proxies, too. */
async function listen(send: (method: string, path: string, body?: object) => Promise<Response>, name: string, upstream: string): Promise<number> {
  for (let tries = 0; tries < ports; tries++) {
    const port = firstPort + Math.floor(Math.random() * ports)
    const answer = await send('POST', '/proxies', { name, upstream, listen: `127.0.0.1:${port}`, enabled: true })
    if (answer.ok) return port
  }
  throw new Error(`no port from ${firstPort} on is free for Toxiproxy`)
}
