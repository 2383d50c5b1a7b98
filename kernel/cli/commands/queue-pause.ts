import { askServer } from '../ask-server.ts'
import type { Outcome } from '../outcome.ts'
import { chosenBinding, queuePath } from '../queue/bindings.ts'
import { serverUrl, type ServerFlags } from '../server-url.ts'
import type { Terminal } from '../terminal.ts'

export interface QueueFlags extends ServerFlags {
  readonly binding?: string
}

/** Pauses a queue over all replicas. */
export async function queuePause({ reason, ...flags }: QueueFlags & { readonly reason?: string }, queue: string, terminal: Terminal): Promise<Outcome> {
  return change(flags, queue, '_pause', reason === undefined ? {} : { reason }, 'is paused: it takes jobs and leases none; what is leased goes on', terminal)
}

export async function queueResume(flags: QueueFlags, queue: string, terminal: Terminal): Promise<Outcome> {
  return change(flags, queue, '_resume', {}, 'leases jobs again', terminal)
}

async function change(flags: QueueFlags, queue: string, action: string, body: object, told: string, terminal: Terminal): Promise<Outcome> {
  const url = await serverUrl(flags, terminal)
  const binding = await chosenBinding(url, flags.binding)
  const counts = await askServer(url, 'POST', queuePath(binding, queue, action), body)
  return { status: 0, json: { binding, counts }, text: (paint) => `${paint('bold', queue)} of ${binding} ${told}\n` }
}
