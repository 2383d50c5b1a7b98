import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface ServerProcess {
  readonly url: string
  readonly pid: number
  /** Asks it to stop, and answers its exit status. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

export interface ServerStart {
  readonly cli: string
  readonly directory: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/**
 * `portico start` as a process of its own, on a free port; answers when it listens.
 * @throws Error with what it wrote, when it ends before that.
 */
export async function startServer({ cli, directory, args = [], env = {} }: ServerStart): Promise<ServerProcess> {
  const child = spawn(process.execPath, [cli, 'start', '--json', '--set', 'server.port=0', ...args], { cwd: directory, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let written = ''
  child.stderr.on('data', (chunk: Buffer) => { written += chunk.toString() })

  const url = await Promise.race([
    listening(child),
    once(child, 'close').then(([status]) => { throw new Error(`portico start ended with ${String(status)}:\n${written}`) }),
  ])
  return {
    url,
    pid: child.pid ?? 0,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
      return child.exitCode
    },
  }
}

async function listening({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new TypeError('the output is not piped')
  const lines = createInterface({ input: stdout })
  for await (const line of lines) {
    const { event, url } = JSON.parse(line) as { readonly event?: string; readonly url?: string }
    if (event !== 'listening' || url === undefined) continue
    // Whatever it logs from now on is read and dropped, so that a full pipe never stops it.
    stdout.resume()
    return url
  }
  // It ended: whoever waits is told with its exit status.
  return new Promise(() => undefined)
}
