import { onSignals } from '../../lifecycle/signals.ts'
import type { ExitStatus, Outcome } from '../outcome.ts'
import { Looks, renderLook } from '../queue/look.ts'
import { serverUrl, type ServerFlags } from '../server-url.ts'
import type { Paint, Screen, Terminal } from '../terminal.ts'

const everyMs = 1_000

/** Every queue of every queue binding of a running server: once, or again each second on a terminal until a signal comes. */
export async function queueStatus(flags: ServerFlags & { readonly once?: boolean }, terminal: Terminal): Promise<Outcome | ExitStatus> {
  const looks = new Looks(await serverUrl(flags, terminal))
  if (!terminal.screen || flags.once || flags.json) {
    const bindings = await looks.look()
    return { status: 0, json: { bindings }, text: (paint) => renderLook(bindings, paint) }
  }

  const stop = Promise.withResolvers<'stop'>()
  const forgetSignals = onSignals(process, () => { stop.resolve('stop') })
  try {
    await watch(looks, terminal.screen, terminal.paint, stop.promise)
  } finally {
    forgetSignals()
  }
  return 0
}

/** Draws the table over itself each second until it is told to stop. */
export async function watch(looks: Looks, screen: Screen, paint: Paint, stop: Promise<'stop'>): Promise<void> {
  for (let first = true; ; first = false) {
    const lines = renderLook(await looks.look(), paint).split('\n').slice(0, -1)
    const room = screen.rows === undefined ? lines.length : Math.max(2, screen.rows - 2)
    const shown = lines.length > room ? [...lines.slice(0, room - 1), paint('dim', `… ${lines.length - room + 1} more; --once shows all`)] : lines
    const hint = paint('dim', 'each second; Ctrl-C ends it')
    screen.write(`${first ? '\u001b[2J' : ''}\u001b[H${[...shown, hint].map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`)
    if (await Promise.race([stop, later()]) === 'stop') return
  }
}

function later(): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, everyMs) })
}
