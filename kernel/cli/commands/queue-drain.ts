import type { QueueCounts } from '../../ports/queue/index.ts'
import { askServer } from '../ask-server.ts'
import { InputError, type Outcome } from '../outcome.ts'
import { chosenBinding, queuePath } from '../queue/bindings.ts'
import { shortDuration } from '../queue/look.ts'
import { serverUrl } from '../server-url.ts'
import type { Terminal } from '../terminal.ts'
import type { QueueFlags } from './queue-pause.ts'

const lookEachMs = 500
/** A lease that was being granted while the queue was paused shows at the second look. */
const looksAtNone = 2

/**
 * Pauses a queue and waits until none of its jobs is active; it stays paused.
 * @throws InputError when some are active still after `timeoutMs`.
 */
export async function queueDrain(flags: QueueFlags & { readonly timeout?: number }, queue: string, terminal: Terminal): Promise<Outcome> {
  const url = await serverUrl(flags, terminal)
  const binding = await chosenBinding(url, flags.binding)
  const startedMs = performance.now()
  await askServer(url, 'POST', queuePath(binding, queue, '_pause'))
  try {
    for (let none = 0; ;) {
      // A Portico answered: these are its counts.
      const counts = await askServer(url, 'GET', queuePath(binding, queue)) as QueueCounts
      const tookMs = performance.now() - startedMs
      none = counts.active === 0 ? none + 1 : 0
      if (none === looksAtNone) return drained(binding, counts, tookMs)
      if (flags.timeout !== undefined && tookMs >= flags.timeout) {
        throw new InputError(`${counts.active} jobs of ${queue} are active still after ${shortDuration(flags.timeout)}; it stays paused: drain it again, or portico queue resume ${queue}`)
      }
      terminal.progress?.write(`\r\u001b[K${counts.active.toLocaleString('en')} active in ${queue}  ${shortDuration(tookMs)}`)
      await new Promise((resolve) => { setTimeout(resolve, lookEachMs) })
    }
  } finally {
    terminal.progress?.write('\r\u001b[K')
  }
}

function drained(binding: string, counts: QueueCounts, tookMs: number): Outcome {
  const { queue, ready } = counts
  return {
    status: 0,
    json: { binding, counts, tookMs: Math.round(tookMs) },
    text: (paint) => `${paint('green', `${queue} is drained`)}: paused, and none of its jobs is active; ${ready.toLocaleString('en')} ready ones wait for portico queue resume ${queue}\n`,
  }
}
