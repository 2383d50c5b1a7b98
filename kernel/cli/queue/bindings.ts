import { didYouMean } from '../../manifest/suggest.ts'
import { askServer, isRecord } from '../ask-server.ts'
import { InputError } from '../outcome.ts'

export interface QueueBinding {
  readonly name: string
  readonly capabilities: readonly string[]
}

/** The queue bindings of a running server, in the order of its manifest. */
export async function queueBindings(url: string): Promise<readonly QueueBinding[]> {
  const described = await askServer(url, 'GET', '/v1/kernel')
  if (!isRecord(described) || !Array.isArray(described['bindings'])) throw new InputError(`${url} answers, but it is no Portico`)
  return described['bindings'].flatMap((binding: unknown) => {
    if (!isRecord(binding)) return []
    const { name, port, capabilities } = binding
    if (port !== 'queue' || typeof name !== 'string') return []
    return { name, capabilities: Array.isArray(capabilities) ? capabilities.filter((one) => typeof one === 'string') : [] }
  })
}

/**
 * The one that is meant: the named one, else `queue`, else the only one there is.
 * @throws InputError with the names that there are.
 */
export async function chosenBinding(url: string, wanted: string | undefined): Promise<string> {
  const names = (await queueBindings(url)).map(({ name }) => name)
  if (names.length === 0) throw new InputError(`the server at ${url} has no queue`)
  const chosen = wanted === undefined ? (names.find((name) => name === 'queue') ?? (names.length === 1 ? names[0] : undefined)) : names.find((name) => name === wanted)
  if (chosen !== undefined) return chosen
  if (wanted === undefined) throw new InputError(`the server has several queue bindings; say which with --binding: ${names.join(', ')}`)
  throw new InputError(`the server has no queue binding ${JSON.stringify(wanted)}${didYouMean(wanted, names) || `; there is ${names.join(', ')}`}`)
}

/** The path of a queue, and of what is below it. */
export function queuePath(binding: string, queue: string, ...below: readonly string[]): string {
  return `/v1/${[binding, queue, ...below].map(encodeURIComponent).join('/')}`
}
