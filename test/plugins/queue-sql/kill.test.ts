import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { VirtualClock } from '../../contract/clock.ts'
import { startQueues } from './start.ts'

const program = fileURLToPath(new URL('working-process.ts', import.meta.url))
const rounds = 5

/** Lets it work until it gave `answers` answers, then kills it; what it was answered, whole lines only. */
function workAndKill(file: string, round: number, answers: number): Promise<string[]> {
  const child = spawn(process.execPath, [program, file, String(round)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let told = ''
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told += text
    if (told.split('\n').length > answers) child.kill('SIGKILL')
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (_, signal) => (signal === 'SIGKILL' ? resolve(told.split('\n').slice(0, -1)) : reject(new Error(`it ended by itself:\n${errors}`))))
  })
}

test(`kill -9 in the middle of work, ${rounds} times: no answered enqueue is lost, none is there twice, every job ends`, async (t) => {
  t.timeout(120_000)
  const directory = mkdtempSync(join(tmpdir(), 'portico-queue-kill-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'queue.db')
  const added = new Set<string>()
  const done: string[] = []

  for (let round = 0; round < rounds; round++) {
    for (const line of await workAndKill(file, round, 300 + round * 40)) {
      const [what, id = ''] = line.split(' ')
      if (what === 'added') added.add(id)
      else done.push(id)
    }
  }

  // The clock is ahead of every lease that the killed ones held.
  const { bindings: [queue] } = await startQueues(t, { clock: new VirtualClock(Date.now() + 60_000), queues: { work: { attempts: 1000, maxCrashes: 1000 } }, replicas: 1, file })
  if (!queue) throw new Error('a binding was asked for')
  for (const id of done) t.is((await queue.get({ queue: 'work', id })).state, 'done')
  for (let got = await queue.lease({ queue: 'work', max: 100 }); got.items.length > 0; got = await queue.lease({ queue: 'work', max: 100 })) {
    for (const { token, job } of got.items) {
      t.false(done.includes(job.id), 'an acknowledged job ran again')
      await queue.ack({ queue: 'work', token })
    }
  }

  for (const id of added) t.is((await queue.get({ queue: 'work', id })).state, 'done')
  const counts = await queue.counts({ queue: 'work' })
  t.like(counts, { ready: 0, scheduled: 0, active: 0, dead: 0 })
  t.is(new Set(done).size, done.length)
  t.log(`${added.size} enqueues and ${done.length} acknowledgements were answered, ${counts.done} jobs ended`)
})
