import type { Command } from 'commander'
import { defaultFile } from './options.ts'

/** Collects an option that may be repeated. */
export function repeated(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value]
}

/** What every command that is about a manifest takes. */
export function withManifest(command: Command): Command {
  return command
    .option('-f, --file <path>', `the manifest (${defaultFile} unless given)`)
    .option('--env <name>', 'merge the overlay of this name; PORTICO_ENV unless given')
    .option('--set <path=value>', 'override one setting; may be repeated', repeated)
    .option('--json', 'answer JSON')
}
