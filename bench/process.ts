import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const probe = join(import.meta.dirname, 'probe.mjs')
export const portico = join(import.meta.dirname, '../dist/kernel/cli/portico.js')

export interface Usage {
  readonly cpuMs: number
  readonly residentBytes: number
}

/** A process under measurement. */
export class Measured {
  readonly #child: ChildProcess

  constructor(args: readonly string[], directory: string) {
    this.#child = spawn(process.execPath, ['--import', probe, ...args], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  }

  /** The URL in the first line of JSON that has one; everything after it is dropped. */
  async listening(): Promise<string> {
    const stdout = this.#child.stdout
    if (!stdout) throw new TypeError('the output is not piped')
    for await (const line of createInterface({ input: stdout })) {
      const { url } = JSON.parse(line) as { readonly url?: string }
      if (url === undefined) continue
      stdout.resume()
      return url
    }
    throw new Error(`it ended before it listened: ${String(await this.#child.stderr?.toArray())}`)
  }

  async usage(): Promise<Usage> {
    const stderr = this.#child.stderr
    if (!stderr) throw new TypeError('the errors are not piped')
    this.#child.kill('SIGUSR2')
    const [text] = (await once(stderr, 'data')) as [Buffer]
    return JSON.parse(text.toString()) as Usage
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await ended
  }
}

/** Runs `task` in an empty folder with this manifest, and removes it. */
export async function inFolder<T>(manifest: string, task: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'portico-bench-'))
  try {
    await writeFile(join(directory, 'infra.config.yaml'), manifest)
    return await task(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Starts Portico on a free port in `directory`, hands it to `task`, stops it. */
export async function withPortico<T>(directory: string, task: (url: string, server: Measured) => Promise<T>): Promise<T> {
  return withServer([portico, 'start', '--json', '--set', 'server.port=0', '--set', 'server.logLevel=warn'], directory, task)
}

export async function withServer<T>(args: readonly string[], directory: string, task: (url: string, server: Measured) => Promise<T>): Promise<T> {
  const server = new Measured(args, directory)
  try {
    return await task(await server.listening(), server)
  } finally {
    await server.stop()
  }
}
