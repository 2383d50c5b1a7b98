import { askServer } from '../ask-server.ts'
import type { Outcome } from '../outcome.ts'
import { chosenBinding, queuePath } from '../queue/bindings.ts'
import { serverUrl, type ServerFlags } from '../server-url.ts'
import type { Terminal } from '../terminal.ts'

export interface QueueFlags extends ServerFlags {
  readonly binding?: string
}

/** Pauses or resumes a queue over all replicas. */
export async function queuePause(flags: QueueFlags, queue: string, what: 'pause' | 'resume', terminal: Terminal): Promise<Outcome> {
  const url = await serverUrl(flags, terminal)
  const binding = await chosenBinding(url, flags.binding)
  const counts = await askServer(url, 'POST', queuePath(binding, queue, `_${what}`))
  const told = what === 'pause' ? 'is paused: it takes jobs and leases none; what is leased goes on' : 'leases jobs again'
  return { status: 0, json: { binding, counts }, text: (paint) => `${paint('bold', queue)} of ${binding} ${told}\n` }
}
