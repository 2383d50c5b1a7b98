import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test from 'ava'
import { emptyFolder, linesIn, startSwitched, until } from '../plugins/integrations-http/outbox.ts'
import { outboxKills } from './size.ts'

test('a process that is killed while it hands over kept calls: each reaches the partner, in order, and none under two keys', async (t) => {
  t.timeout(600_000)
  const { url, asked, back } = await startSwitched(t)
  const directory = emptyFolder(t)
  const calls = outboxKills * 15
  const start = (count: number) => spawn(process.execPath, [join(import.meta.dirname, 'replaying-process.ts'), url, directory, String(count)], { stdio: ['ignore', 'pipe', 'ignore'] })
  const kill = async (child: ReturnType<typeof start>) => {
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  const keeping = start(calls)
  // The log stands there as well.
  for await (const line of createInterface(keeping.stdout)) if (line === 'kept') break
  await kill(keeping)
  t.is(linesIn(directory).length, calls)

  back()
  asked.length = 0
  let killed = 0
  for (; killed < outboxKills; killed++) {
    const enough = asked.length + 3 + Math.floor(Math.random() * 8)
    const child = start(0)
    child.stdout.resume()
    await until(t, () => asked.length >= enough || linesIn(directory).length === 0, 'some calls handed over')
    await kill(child)
  }
  const last = start(0)
  last.stdout.resume()
  await until(t, () => linesIn(directory).length === 0, 'an empty folder')
  await kill(last)

  const keys = new Map<number, Set<string>>()
  for (const { key, body } of asked) {
    const { n } = body as { n: number }
    keys.set(n, (keys.get(n) ?? new Set()).add(key))
  }
  const firsts = [...keys.keys()]
  t.log(`${killed} kills, ${calls} calls kept, ${asked.length} requests, ${keys.size} calls delivered, ${asked.length - keys.size} repeated under their key, ${[...keys.values()].filter(({ size }) => size > 1).length} under two keys`)
  t.deepEqual(firsts, Array.from({ length: calls }, (_, n) => n))
  t.deepEqual([...keys.values()].filter(({ size }) => size !== 1), [])
  t.is(new Set([...keys.values()].flatMap((of) => [...of])).size, calls)
})
