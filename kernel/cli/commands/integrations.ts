import { askServer, isRecord } from '../ask-server.ts'
import { InputError, type Outcome } from '../outcome.ts'
import { serverUrl, type ServerFlags } from '../server-url.ts'
import { renderTable, type Cell } from '../table.ts'
import type { Terminal } from '../terminal.ts'

type Described = Readonly<Record<string, unknown>>

/** Every partner of a running server: how it does, what it receives, and what stands behind it. */
export async function integrationsCommand(flags: ServerFlags, terminal: Terminal): Promise<Outcome> {
  const url = await serverUrl(flags, terminal)
  const kernel = await askServer(url, 'GET', '/v1/kernel')
  if (!isRecord(kernel)) throw new InputError(`${url} answers, but it is no Portico`)

  const names = recordsOf(kernel['bindings']).filter(({ port }) => port === 'integrations').map(({ name }) => String(name))
  const integrations: Described[] = []
  for (const name of names) {
    const described = await askServer(url, 'GET', `/v1/${encodeURIComponent(name)}`)
    if (isRecord(described)) integrations.push(described)
  }
  return {
    status: 0,
    json: { integrations },
    text: (paint) => (integrations.length === 0 ? 'the server has no integrations\n' : renderTable(['name', 'driver', 'state', 'last error', 'policy', 'operations', 'data', 'fallback', 'backlog'], integrations.map(rowOf), paint)),
  }
}

function rowOf({ binding, via, degraded, lastError, policy, operations, fallback }: Described): readonly Cell[] {
  const standIns = recordsOf(fallback)
  const backlogs = standIns.flatMap(({ backlog }) => (isRecord(backlog) ? [backlog] : []))
  const total = (field: string) => backlogs.reduce((sum, backlog) => sum + Number(backlog[field]), 0)
  const data = new Set(recordsOf(operations).flatMap((operation) => (Array.isArray(operation['data']) ? operation['data'].map(String) : [])))
  return [
    String(binding), String(via),
    degraded === true ? { text: 'degraded', style: 'yellow' } : { text: 'ok', style: 'green' },
    isRecord(lastError) ? `${String(lastError['code'])} ${String(lastError['at'])}` : '',
    policyCell(policy),
    String(recordsOf(operations).length), [...data].join(', '), standIns.map(standInText).join(', '),
    backlogs.length === 0 ? '' : `${total('waiting')} wait, ${total('refused')} refused`,
  ]
}

/** A circuit is told once it is not closed: the binding's, else the first of an operation. */
function policyCell(policy: unknown): Cell {
  if (!isRecord(policy)) return ''
  const name = String(policy['name'])
  const own = isRecord(policy['operations']) ? Object.entries(policy['operations']) : []
  const circuits = [['', policy], ...own].flatMap(([operation, one]) => (isRecord(one) && isRecord(one['circuit']) ? [[operation, one['circuit']['state']] as const] : []))
  const ailing = circuits.find(([, state]) => state !== 'closed')
  return ailing ? { text: `${name} (${[ailing[0], ailing[1]].filter(Boolean).join(' ')})`, style: 'yellow' } : name
}

function standInText({ via, when }: Described): string {
  return Array.isArray(when) ? `${String(via)} (${when.join(' ')})` : String(via)
}

function recordsOf(list: unknown): readonly Described[] {
  return Array.isArray(list) ? list.filter(isRecord) : []
}
