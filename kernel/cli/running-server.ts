import { askServer, isRecord } from './ask-server.ts'
import type { Part, Running } from './changes.ts'
import { InputError } from './outcome.ts'

/**
 * What a running server tells of itself (`GET /v1/kernel`): its bindings, without their settings.
 * @throws InputError when no Portico answers there.
 */
export async function readRunning(url: string): Promise<Running & { readonly sha256: string }> {
  const described = await askServer(url, 'GET', '/v1/kernel')
  if (!isRecord(described) || !isRecord(described['manifest']) || !Array.isArray(described['bindings'])) throw new InputError(`${url} answers, but it is no Portico`)
  const { sha256 } = described['manifest']
  return { sha256: typeof sha256 === 'string' ? sha256 : '', tells: ['binding'], parts: described['bindings'].flatMap(partOf) }
}

function partOf(binding: unknown): readonly Part[] {
  if (!isRecord(binding)) return []
  const { name, plugin, capabilities } = binding
  if (typeof name !== 'string' || typeof plugin !== 'string' || !Array.isArray(capabilities)) return []
  return [{ kind: 'binding', name, plugin, capabilities: capabilities.filter((one) => typeof one === 'string') }]
}
