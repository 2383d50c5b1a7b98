import type { QueueCounts } from '../../ports/queue/index.ts'
import { askServer, isRecord, ServerRefusal } from '../ask-server.ts'
import { type Cell, renderTable } from '../table.ts'
import type { Paint } from '../terminal.ts'
import { type QueueBinding, queueBindings } from './bindings.ts'

/** `ratePerSecond`: how the number of done jobs grew since the look before; null without one. */
export type CountedQueue = QueueCounts & { readonly ratePerSecond: number | null }

/** The queues of one binding; null when they cannot be seen: it lacks `inspect`, or refused with this code. */
export interface SeenBinding {
  readonly binding: string
  readonly queues: readonly CountedQueue[] | null
  readonly code?: string
}

type Before = Map<string, { readonly done: number; readonly atMs: number }>

/** Looks at every queue of a running server, again and again. */
export class Looks {
  readonly #url: string
  #before: Before = new Map()

  constructor(url: string) {
    this.#url = url
  }

  async look(): Promise<readonly SeenBinding[]> {
    const bindings = await queueBindings(this.#url)
    const seen = await Promise.all(bindings.map((binding) => this.#lookAt(binding)))
    const atMs = performance.now()
    const before = this.#before
    this.#before = new Map()
    return seen.map(({ queues, ...rest }) => ({ ...rest, queues: queues && queues.map((counts) => this.#rated(`${rest.binding}/${counts.queue}`, counts, atMs, before)) }))
  }

  #rated(name: string, counts: QueueCounts, atMs: number, earlier: Before): CountedQueue {
    const before = earlier.get(name)
    this.#before.set(name, { done: counts.done, atMs })
    // Those that were kept long enough leave: fewer than before says nothing of how many were done.
    const ratePerSecond = !before || counts.done < before.done ? null : ((counts.done - before.done) * 1_000) / Math.max(1, atMs - before.atMs)
    return { ...counts, ratePerSecond }
  }

  async #lookAt({ name, capabilities }: QueueBinding): Promise<{ readonly binding: string; readonly queues: readonly QueueCounts[] | null; readonly code?: string }> {
    if (!capabilities.includes('inspect')) return { binding: name, queues: null }
    try {
      const answer = await askServer(this.#url, 'GET', `/v1/${encodeURIComponent(name)}`)
      // A Portico answered: these are its counts.
      return { binding: name, queues: isRecord(answer) ? (answer['items'] as readonly QueueCounts[]) : null }
    } catch (error) {
      if (!(error instanceof ServerRefusal)) throw error
      return { binding: name, queues: null, code: error.code }
    }
  }
}

const header = ['binding', 'queue', 'ready', 'scheduled', 'active', 'done', 'dead', 'oldest', 'rate', 'state']

export function renderLook(seen: readonly SeenBinding[], paint: Paint): string {
  return renderTable(header, seen.flatMap(({ binding, queues, code }) => {
    if (queues) return queues.map((counts) => [binding, ...cellsOf(counts)])
    return [[binding, ...header.slice(2).map(() => '-'), code === undefined ? '-' : { text: code, style: 'red' as const }]]
  }), paint)
}

function cellsOf({ queue, ready, scheduled, active, done, dead, oldestReadyMs, ratePerSecond, paused, pauseReason }: CountedQueue): readonly Cell[] {
  const count = (value: number) => value.toLocaleString('en')
  return [
    queue, count(ready), count(scheduled), count(active), count(done), dead > 0 ? { text: count(dead), style: 'yellow' } : '0',
    oldestReadyMs === null ? '-' : shortDuration(oldestReadyMs), ratePerSecond === null ? '-' : `${ratePerSecond.toFixed(1)}/s`,
    paused ? { text: pauseReason === undefined ? 'paused' : `paused: ${pauseReason}`, style: 'yellow' } : 'open',
  ]
}

/** `950ms`, `12s`, `5m 3s`, `2h 10m`, `3d 4h`: two units at most. */
export function shortDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`
  const seconds = Math.floor(ms / 1_000)
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'], [Math.floor(seconds / 3_600) % 24, 'h'], [Math.floor(seconds / 60) % 60, 'm'], [seconds % 60, 's'],
  ]
  const first = parts.findIndex(([value]) => value > 0)
  return parts.slice(first, first + 2).filter(([value]) => value > 0).map(([value, unit]) => `${value}${unit}`).join(' ')
}
