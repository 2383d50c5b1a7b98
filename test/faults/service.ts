import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
/** A server that a slow machine starts may need longer than its script waits. */
const tries = 3

/** What the scripts of the servers do to one. */
export type Verb = 'up' | 'kill' | 'restart' | 'pause' | 'resume'

/** Does it to that server; a start answers once it is served again. */
export async function service(verb: Verb, name: string): Promise<void> {
  const script = (one: string) => run(`${process.env['PORTICO_SERVICES'] ?? ''}/${one}`, [name])
  if (verb !== 'up' && verb !== 'restart') return void (await script(verb))
  for (let attempt = 1; ; attempt++) {
    try {
      // One that was started, and is not ready yet, is only waited for.
      return void (await script(attempt === 1 ? verb : 'up'))
    } catch (error) {
      if (attempt === tries) throw error
    }
  }
}
