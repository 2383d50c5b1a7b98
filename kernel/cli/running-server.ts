import type { Part, Running } from './changes.ts'
import { InputError } from './outcome.ts'

const timeoutMs = 10_000

/**
 * What a running server tells of itself (`GET /v1/kernel`): its bindings, without their settings.
 * @throws InputError when no Portico answers there.
 */
export async function readRunning(url: string): Promise<Running & { readonly sha256: string }> {
  const described = await get(url)
  if (!isRecord(described) || !isRecord(described['manifest']) || !Array.isArray(described['bindings'])) throw new InputError(`${url} answers, but it is no Portico`)
  const { sha256 } = described['manifest']
  return { sha256: typeof sha256 === 'string' ? sha256 : '', tells: ['binding'], parts: described['bindings'].flatMap(partOf) }
}

async function get(url: string): Promise<unknown> {
  if (!URL.canParse(url)) throw new InputError(`${url} is no URL; give one as http://127.0.0.1:7070`)
  try {
    const response = await fetch(new URL('/v1/kernel', url), { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' })
    return await response.json()
  } catch (error) {
    throw new InputError(`no Portico answers at ${url}`, { cause: error })
  }
}

function partOf(binding: unknown): readonly Part[] {
  if (!isRecord(binding)) return []
  const { name, plugin, capabilities } = binding
  if (typeof name !== 'string' || typeof plugin !== 'string' || !Array.isArray(capabilities)) return []
  return [{ kind: 'binding', name, plugin, capabilities: capabilities.filter((one) => typeof one === 'string') }]
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
