import type { Command } from 'commander'
import { InputError, type Outcome } from '../outcome.ts'

/**
 * A script for the shell, made from the commands themselves.
 * @throws InputError for another shell.
 */
export async function completion(root: Command, shell: string): Promise<Outcome> {
  const words = Object.fromEntries(root.commands.map((command) => [command.name(), command.options.flatMap(({ short, long }) => [short, long].filter((flag) => flag !== undefined && flag !== null))]))
  if (shell !== 'bash' && shell !== 'zsh') throw new InputError(`there is no completion for ${shell}; take bash or zsh`)
  const script = shell === 'bash' ? bashScript(words) : `autoload -U +X bashcompinit && bashcompinit\n${bashScript(words)}`
  return { status: 0, json: { words }, text: () => script }
}

/** zsh runs the same script through its bashcompinit. */
function bashScript(words: Readonly<Record<string, readonly string[]>>): string {
  const cases = Object.entries(words).map(([command, options]) => `    ${command}) words="${options.join(' ')}" ;;`)
  return `# portico: eval "$(portico completion bash)"
_portico() {
  local words
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
    *) words="${Object.keys(words).join(' ')} --help --version" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _portico portico
`
}
