import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { askServer } from '../ask-server.ts'
import { InputError, type Outcome } from '../outcome.ts'
import { chosenBinding, queuePath } from '../queue/bindings.ts'
import { changeDead, type DeadChoice } from '../queue/dead.ts'
import { serverUrl } from '../server-url.ts'
import type { Terminal } from '../terminal.ts'
import type { QueueFlags } from './queue-pause.ts'

export type RedriveFlags = QueueFlags & DeadChoice & { readonly to?: string; readonly perSecond?: number; readonly payload?: string }

/** Puts dead jobs back to work; with ids, exit status 1 when one of them is not dead. */
export async function deadRedrive(flags: RedriveFlags, queue: string, ids: readonly string[], terminal: Terminal): Promise<Outcome> {
  const payload = flags.payload === undefined ? undefined : { payload: await readPayload(flags.payload, terminal) }
  const url = await serverUrl(flags, terminal)
  const binding = await chosenBinding(url, flags.binding)
  const { to, perSecond } = flags
  const startedMs = performance.now()
  let refused = 0

  const moved = await changeDead({ url, binding, queue }, ids, flags, {
    doing: 'putting back',
    change: async (batch, before) => {
      // Each request spreads its own: the rate of all together is kept by where it begins.
      const delayMs = perSecond === undefined ? 0 : Math.max(0, Math.ceil((before * 1_000) / perSecond - (performance.now() - startedMs)))
      const body = { ids: batch, ...payload, ...(to !== undefined && { queue: to }), ...(perSecond !== undefined && { perSecond }), ...(delayMs > 0 && { delayMs }) }
      // A Portico answered: it tells how many it moved.
      const answer = await askServer(url, 'POST', queuePath(binding, queue, 'dead', '_redrive'), body) as { readonly moved: number; readonly refused?: number }
      refused += answer.refused ?? 0
      return answer.moved
    },
  }, terminal)

  const asked = new Set(ids).size
  const left = flags.all ? 0 : asked - moved - refused
  return {
    status: left + refused > 0 ? 1 : 0,
    json: { binding, queue, to: to ?? queue, moved, ...(refused > 0 && { refused }), notDead: left },
    text: (paint) => {
      const told = `${moved.toLocaleString('en')} dead ${moved === 1 ? 'job' : 'jobs'} of ${queue} put back${to === undefined ? '' : ` into ${to}`}`
      const unfit = refused > 0 ? `; ${paint('yellow', `${refused.toLocaleString('en')} left dead, for ${to ?? queue} does not take ${refused === 1 ? 'its payload' : 'their payloads'}`)}` : ''
      const unknown = left > 0 ? `; ${paint('yellow', `${left} of the ids ${left === 1 ? 'is' : 'are'} no dead job of ${queue}`)}` : ''
      return `${told}${unfit}${unknown}\n`
    },
  }
}

async function readPayload(given: string, { directory }: Terminal): Promise<unknown> {
  const file = given.startsWith('@') ? given.slice(1) : undefined
  const text = file === undefined ? given : await readFile(resolve(directory, file), 'utf8').catch((cause: unknown) => { throw new InputError(`${file} cannot be read`, { cause }) })
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new InputError(`${file ?? 'the value of --payload'} is no JSON`, { cause })
  }
}
