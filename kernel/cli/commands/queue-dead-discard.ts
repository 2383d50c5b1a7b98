import { createInterface } from 'node:readline'
import { askServer } from '../ask-server.ts'
import { InputError, type Outcome } from '../outcome.ts'
import { chosenBinding, queuePath } from '../queue/bindings.ts'
import { changeDead, type DeadChoice } from '../queue/dead.ts'
import { serverUrl } from '../server-url.ts'
import type { Terminal } from '../terminal.ts'
import type { QueueFlags } from './queue-pause.ts'

export type DiscardFlags = QueueFlags & DeadChoice & { readonly yes?: boolean }

/** Removes dead jobs for good; with ids, exit status 1 when one of them is not dead. */
export async function deadDiscard(flags: DiscardFlags, queue: string, ids: readonly string[], terminal: Terminal): Promise<Outcome> {
  const url = await serverUrl(flags, terminal)
  const binding = await chosenBinding(url, flags.binding)
  await confirm(flags, queue, ids, terminal)

  const removed = await changeDead({ url, binding, queue }, ids, flags, {
    doing: 'removing from',
    // A Portico answered: it tells how many it removed.
    change: async (batch) => (await askServer(url, 'POST', queuePath(binding, queue, 'dead', '_discard'), { ids: batch }) as { readonly removed: number }).removed,
  }, terminal)

  const left = flags.all ? 0 : new Set(ids).size - removed
  return {
    status: left > 0 ? 1 : 0,
    json: { binding, queue, removed, notDead: left },
    text: (paint) => {
      const told = `${removed.toLocaleString('en')} dead ${removed === 1 ? 'job' : 'jobs'} of ${queue} removed`
      return left > 0 ? `${told}; ${paint('yellow', `${left} of the ids ${left === 1 ? 'is' : 'are'} no dead job of ${queue}`)}\n` : `${told}\n`
    },
  }
}

/** @throws InputError unless a person on a terminal says yes; where there is none, `--all` needs `--yes`. */
async function confirm(flags: DiscardFlags, queue: string, ids: readonly string[], terminal: Terminal): Promise<void> {
  if (flags.yes) return
  if (!terminal.progress) {
    if (flags.all) throw new InputError('--all removes for good; off a terminal it needs --yes')
    return
  }
  const filtered = [flags.code, flags.text, flags.since, flags.before].some((given) => given !== undefined)
  const meant = flags.all ? `all dead jobs of ${queue}${filtered ? ' that fit the filter' : ''}` : `${ids.length} dead ${ids.length === 1 ? 'job' : 'jobs'} of ${queue}`
  terminal.err(`Remove ${meant} for good? [y/N] `)
  if (!/^y(es)?$/i.test((await firstLine(terminal)).trim())) throw new InputError('nothing was removed')
}

async function firstLine({ input }: Terminal): Promise<string> {
  const lines = createInterface({ input })
  for await (const line of lines) return line
  return ''
}
