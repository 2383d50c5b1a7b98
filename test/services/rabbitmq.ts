import type { ExecutionContext } from 'ava'

/** A broker's vhost of a test's own. */
export interface Vhost {
  readonly url: string
  readonly name: string
  /** The broker's own management API. */
  api<T>(method: string, path: string, body?: object): Promise<T>
  /** Publishes a message into a queue, as any other program may. */
  publish(queue: string, payload: string, properties: object): Promise<void>
  /** The messages of a queue, which stay there. */
  peek(queue: string): Promise<readonly PeekedMessage[]>
}

export interface PeekedMessage {
  readonly payload: string
  readonly properties: { readonly message_id?: string; readonly headers: Readonly<Record<string, unknown>> }
}

/** Makes a vhost on the broker at `url`, gone with all that is in it when the test ends. */
export async function openVhost(t: Pick<ExecutionContext, 'teardown'>, url: string): Promise<Vhost> {
  const { hostname, port, username, password } = new URL(url)
  const base = `http://${hostname}:${Number(port) + 1}/api`
  const headers = { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`, 'content-type': 'application/json' }
  const api = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const answer = await fetch(base + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    if (!answer.ok) throw new Error(`RabbitMQ: ${method} ${path}: ${answer.status} ${await answer.text()}`)
    return (answer.status === 204 || answer.status === 201 ? undefined : await answer.json()) as T
  }

  const name = `test-${Math.random().toString(36).slice(2)}`
  await api('PUT', `/vhosts/${name}`)
  t.teardown(() => api('DELETE', `/vhosts/${name}`))
  await api('PUT', `/permissions/${name}/${username}`, { configure: '.*', write: '.*', read: '.*' })
  const peek = (queue: string) => api<readonly PeekedMessage[]>('POST', `/queues/${name}/${queue}/get`, { count: 100, ackmode: 'ack_requeue_true', encoding: 'auto' })
  const publish = async (queue: string, payload: string, properties: object) => {
    const { routed } = await api<{ readonly routed: boolean }>('POST', `/exchanges/${name}/amq.default/publish`, { routing_key: queue, payload, properties, payload_encoding: 'string' })
    if (!routed) throw new Error(`there is no queue ${queue}`)
  }
  return { name, api, peek, publish, url: `${url}/${name}` }
}
