import type { Command } from 'commander'
import { InputError, type Outcome } from '../outcome.ts'

/**
 * A script for the shell, made from the commands themselves.
 * @throws InputError for another shell.
 */
export async function completion(root: Command, shell: string): Promise<Outcome> {
  const words = Object.fromEntries(named(root, []))
  if (shell !== 'bash' && shell !== 'zsh') throw new InputError(`there is no completion for ${shell}; take bash or zsh`)
  const script = shell === 'bash' ? bashScript(words) : `autoload -U +X bashcompinit && bashcompinit\n${bashScript(words)}`
  return { status: 0, json: { words }, text: () => script }
}

/** Every command below by its whole name, with what may follow it. */
function named(group: Command, before: readonly string[]): readonly (readonly [name: string, words: readonly string[]])[] {
  return group.commands.flatMap((command) => {
    const names = [...before, command.name()]
    return [[names.join(' '), wordsOf(command)] as const, ...named(command, names)]
  })
}

/** Of a group its commands; its options are theirs. */
function wordsOf(command: Command): readonly string[] {
  if (command.commands.length > 0) return command.commands.map((below) => below.name())
  return command.options.flatMap(({ short, long }) => [short, long].filter((flag) => flag !== undefined && flag !== null))
}

/** zsh runs the same script through its bashcompinit. */
function bashScript(words: Readonly<Record<string, readonly string[]>>): string {
  const names = Object.keys(words)
  // The longer first: the first case that fits is taken.
  const cases = names.sort((a, b) => b.split(' ').length - a.split(' ').length).map((name) => `    "${name} "*) words="${words[name]?.join(' ') ?? ''}" ;;`)
  return `# portico: eval "$(portico completion bash)"
_portico() {
  local words
  case "\${COMP_WORDS[1]} \${COMP_WORDS[2]} \${COMP_WORDS[3]} " in
${cases.join('\n')}
    *) words="${names.filter((name) => !name.includes(' ')).join(' ')} --help --version" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _portico portico
`
}
