import { Command, CommanderError, Option } from 'commander'
import { didYouMean } from '../manifest/suggest.ts'
import { kernelVersion } from '../version.ts'
import { defaultFile, type CommonFlags } from './options.ts'
import { addMigrateCommands } from './migrate-commands.ts'
import { addQueueCommands } from './queue-commands.ts'
import { withServer } from './queue-options.ts'
import type { ServerFlags } from './server-url.ts'
import { addStorageCommands } from './storage-commands.ts'
import { writeFailure, writeOutcome, type ExitStatus, type Outcome } from './outcome.ts'
import type { Terminal } from './terminal.ts'
import { withManifest } from './with-manifest.ts'

/** Reads the command line and runs its command. Never throws; answers the exit status. */
export async function main(argv: readonly string[], terminal: Terminal): Promise<ExitStatus> {
  let status: ExitStatus = 0
  let json = false

  /** Runs a command that answers an outcome, or one that writes while it runs and answers its status. */
  const run = async (flags: CommonFlags, command: () => Promise<Outcome | ExitStatus>): Promise<void> => {
    json = flags.json ?? false
    const outcome = await command()
    status = typeof outcome === 'number' ? outcome : writeOutcome(outcome, terminal, json)
  }

  try {
    const root = program(terminal, run)
    refuseUnknownCommand(root, argv)
    await root.parseAsync([...argv], { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    return writeFailure(error, terminal, json)
  }
}

/** Where a group has a default, commander would take a mistyped command for its argument. */
function refuseUnknownCommand(group: Command, [word, ...rest]: readonly string[]): void {
  if (group.commands.length === 0 || word === undefined || word.startsWith('-')) return
  const names = [...group.commands.map((command) => command.name()), 'help']
  if (!names.includes(word)) group.error(`unknown command ${JSON.stringify(word)}${didYouMean(word, names)}`, { exitCode: 2 })
  const below = group.commands.find((command) => command.name() === word)
  if (below) refuseUnknownCommand(below, rest)
}

type Run = (flags: CommonFlags, command: () => Promise<Outcome | ExitStatus>) => Promise<void>

/** The commands; each one's code is imported when it runs. */
function program(terminal: Terminal, run: Run): Command {
  const root = new Command('portico')
    .description('An infrastructure kernel: one manifest, swappable backends, over HTTP or in process.')
    .version(kernelVersion)
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err, outputError: (text, write) => { write(terminal.paintErr('red', text)) } })
    .showHelpAfterError('(portico --help tells the commands and options)')

  const add = (name: string, description: string) => withManifest(root.command(name).description(description))

  withManifest(root.command('start [manifest]', { isDefault: true }))
    .description('start the manifest and serve it over HTTP')
    .option('--insecure-listen', 'listen beyond loopback without identity and TLS')
    .option('--allow-chaos', 'let the manifest inject the faults that it rehearses')
    .action((manifest: string | undefined, flags: CommonFlags & { insecureListen?: boolean; allowChaos?: boolean }) =>
      run(flags, async () => (await import('./commands/start.ts')).start(flags, manifest, terminal)))

  add('check [manifest]', 'tell everything that is wrong with the manifest; starts nothing')
    .action((manifest: string | undefined, flags: CommonFlags) => run(flags, async () => (await import('./commands/check.ts')).checkCommand(flags, manifest, terminal)))

  add('plan', 'what this manifest would start, restart and stop, and which capability is lost')
    .addOption(new Option('--against <file>', 'compare with this earlier manifest').conflicts('url'))
    .option('--url <url>', 'compare with the server that runs there')
    .action((flags: CommonFlags & { against?: string; url?: string }) => run(flags, async () => (await import('./commands/plan.ts')).planCommand(flags, terminal)))

  add('explain [path]', 'the effective value of every setting, or of those below a path, with its origin')
    .action((path: string | undefined, flags: CommonFlags) => run(flags, async () => (await import('./commands/explain.ts')).explain(flags, path, terminal)))

  add('plugins', 'the plugins that a manifest can use')
    .action((flags: CommonFlags) => run(flags, async () => (await import('./commands/plugins.ts')).plugins(flags, terminal)))

  add('doctor', 'connect to every backend and tell how each one is')
    .action((flags: CommonFlags) => run(flags, async () => (await import('./commands/doctor.ts')).doctor(flags, terminal)))

  add('schema', 'the JSON Schema of manifests, for editors')
    .option('--write <folder>', 'write it into a folder')
    .action((flags: CommonFlags & { write?: string }) => run(flags, async () => (await import('./commands/schema.ts')).schema(flags, terminal)))

  add('types', 'TypeScript types of all collections and views, from their JSON Schemas')
    .option('--out <file>', 'write them into a file')
    .action((flags: CommonFlags & { out?: string }) => run(flags, async () => (await import('./commands/types.ts')).types(flags, terminal)))

  addStorageCommands(root, terminal, run)
  addMigrateCommands(root, terminal, run)
  addQueueCommands(root, terminal, run)

  withServer(root.command('integrations'))
    .description('the partners of a running server: how each does, what it receives, and what is kept for it')
    .action((flags: ServerFlags) => run(flags, async () => (await import('./commands/integrations.ts')).integrationsCommand(flags, terminal)))

  root.command('init').description('write a commented manifest that starts')
    .option('-f, --file <path>', 'where to write it', defaultFile)
    .option('--force', 'replace a file that is there')
    .option('--json', 'tell what was done as JSON')
    .action((flags: CommonFlags & { force?: boolean }) => run(flags, async () => (await import('./commands/init.ts')).init(flags, terminal)))

  root.command('completion').description('a script for the shell to complete commands and options')
    .argument('<shell>', 'bash or zsh')
    .option('--json', 'the words to complete, as JSON')
    .action((shell: string, flags: CommonFlags) => run(flags, async () => (await import('./commands/completion.ts')).completion(root, shell)))

  return root
}
