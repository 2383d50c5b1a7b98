import { check } from '../../boot.ts'
import { compareRunning, nothing, runningOf, type Change, type Running } from '../changes.ts'
import { manifestOptions, sourceOf, type CommonFlags } from '../options.ts'
import type { Outcome } from '../outcome.ts'
import { readRunning } from '../running-server.ts'
import { renderTable } from '../table.ts'
import type { Paint, Style, Terminal } from '../terminal.ts'

type Flags = CommonFlags & { readonly against?: string; readonly url?: string }

/** Compares the manifest with an earlier one, with a running server, or with nothing at all. */
export async function planCommand(flags: Flags, terminal: Terminal): Promise<Outcome> {
  const { manifest } = await check(sourceOf(flags), manifestOptions(flags, terminal))
  const { before, settingsKnown } = await earlier(flags, manifest.sha256, terminal)

  const changes = compareRunning(before, runningOf(manifest))
  return {
    status: 0,
    json: { changes, settingsKnown },
    text: (paint) => renderChanges(changes, settingsKnown, paint),
  }
}

async function earlier(flags: Flags, sha256: string, terminal: Terminal): Promise<{ readonly before: Running; readonly settingsKnown: boolean }> {
  if (flags.url !== undefined) {
    const server = await readRunning(flags.url)
    // The same text means the same settings; another text may, and the server does not tell.
    return { before: server, settingsKnown: server.sha256 === sha256 }
  }
  if (flags.against === undefined) return { before: nothing, settingsKnown: true }
  const { manifest } = await check({ path: flags.against }, manifestOptions(flags, terminal))
  return { before: runningOf(manifest), settingsKnown: true }
}

const styles: Readonly<Record<Change['action'], Style>> = { start: 'green', restart: 'yellow', stop: 'red', keep: 'dim' }

function renderChanges(changes: readonly Change[], settingsKnown: boolean, paint: Paint): string {
  const rows = changes.map(({ action, kind, name, plugin, because, lost }) => [
    { text: action, style: styles[action] }, kind, name, plugin, [...because, ...(lost.length > 0 ? [`loses ${lost.join(', ')}`] : [])].join('; '),
  ])
  const note = settingsKnown ? '' : `\n${paint('dim', 'The server runs another text of its manifest and tells no settings: what it keeps may restart because of them.')}\n`
  return renderTable(['action', 'kind', 'name', 'plugin', 'why'], rows, paint) + note
}
