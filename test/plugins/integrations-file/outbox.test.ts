import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import test from 'ava'
import { systemClock } from '../../../kernel/clock.ts'
import { GivenUp, isFull, openOutbox } from '../../../plugins/integrations-file/outbox.ts'
import { folder, keepLog, readLines } from './folder.ts'

const limits = { maxFileBytes: 1_000_000, maxTotalBytes: 10_000_000 }
const always = () => true

test('lines stand in the order they came, each once', async (t) => {
  const directory = folder(t)
  const outbox = await openOutbox({ directory, ...limits }, systemClock, keepLog([]))
  await Promise.all(Array.from({ length: 500 }, (_, n) => outbox.append(`{"n":${n}}\n`, always)))
  await outbox.close()
  t.deepEqual(readLines(directory).map(({ n }) => n), Array.from({ length: 500 }, (_, n) => n))
  await t.throwsAsync(outbox.append('{}\n', always))
})

test('a file is finished at its size, and the next one begun', async (t) => {
  const directory = folder(t)
  const outbox = await openOutbox({ directory, ...limits, maxFileBytes: 100 }, systemClock, keepLog([]))
  for (let n = 0; n < 40; n += 1) await outbox.append(`{"n":${n}}\n`, always)
  await outbox.close()

  t.true(readdirSync(directory).length >= 3)
  t.deepEqual(readLines(directory).map(({ n }) => n), Array.from({ length: 40 }, (_, n) => n))
})

test('a file that is being made is nobody else\'s to remove, though it is in the folder already', async (t) => {
  const directory = folder(t)
  const outbox = await openOutbox({ directory, ...limits, maxFileBytes: 1 }, systemClock, keepLog([]))
  const seen = new Map<string, Set<string>>()

  for (let n = 0; n < 50; n++) {
    let kept = false
    const appended = outbox.append(`{"n":${n}}\n`, always).then(() => { kept = true })
    // What the replay does when it finds a file without a line in it.
    while (!kept) {
      for (const name of readdirSync(directory).filter((one) => !seen.has(one) || readFileSync(join(directory, one)).length === 0)) {
        const told = await outbox.release(name)
        if (readFileSync(join(directory, name)).length === 0) seen.set(name, (seen.get(name) ?? new Set()).add(told))
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    await appended
  }
  await outbox.close()

  t.true(seen.size > 0, 'some file was seen before its line')
  t.deepEqual([...seen.values()].filter((told) => told.has('other')).length, 0)
  t.is(readLines(directory).length, 50)
})

test('an unfinished line is removed at the next start, and nothing else is', async (t) => {
  const directory = folder(t)
  const torn: Readonly<Record<string, string>> = {
    'a.ndjson': '{"n":1}\n{"n":2}\n{"n":3,"half',
    'b.ndjson': '{"half',
    'c.ndjson': `{"n":4}\n${'x'.repeat(200_000)}`,
    'd.ndjson': '{"n":5}\n',
    'e.ndjson': `{"n":6}\n${'\0'.repeat(4_096)}`,
    'f.ndjson': '',
    'g.ndjson': `${JSON.stringify({ n: 7, filler: 'y'.repeat(65_536 * 2) })}\n`,
  }
  for (const [name, text] of Object.entries(torn)) writeFileSync(join(directory, name), text)
  writeFileSync(join(directory, 'notes.txt'), 'mine')
  const lines: string[] = []

  await (await openOutbox({ directory, ...limits }, systemClock, keepLog(lines))).close()

  t.is(readFileSync(join(directory, 'notes.txt'), 'utf8'), 'mine')
  rmSync(join(directory, 'notes.txt'))
  t.deepEqual(readLines(directory).map(({ n }) => n), [1, 2, 4, 5, 6, 7])
  t.is(lines.length, 4)
})

test('a line whose caller has no time left is not written', async (t) => {
  const directory = folder(t)
  const outbox = await openOutbox({ directory, ...limits }, systemClock, keepLog([]))
  await t.throwsAsync(outbox.append('{"n":1}\n', () => false), { instanceOf: GivenUp })
  await outbox.close()
  t.deepEqual(readLines(directory), [])
})

test('the outbox is full at its limit, and takes calls again when a reader has made room', async (t) => {
  const directory = folder(t)
  const outbox = await openOutbox({ directory, maxFileBytes: 100, maxTotalBytes: 300 }, systemClock, keepLog([]))
  const line = `${JSON.stringify({ filler: 'x'.repeat(80) })}\n`
  for (let n = 0; n < 3; n += 1) await outbox.append(line, always)

  const error = await t.throwsAsync(outbox.append(line, always))
  t.true(isFull(error))

  for (const name of readdirSync(directory)) rmSync(join(directory, name))
  await outbox.append(line, always)
  await outbox.close()
  t.is(readLines(directory).length, 1)
})

test('a folder that is gone is an error, and the outbox goes on when it is there again', async (t) => {
  const directory = join(folder(t), 'outbox')
  mkdirSync(directory)
  const outbox = await openOutbox({ directory, ...limits }, systemClock, keepLog([]))
  rmSync(directory, { recursive: true })

  await t.throwsAsync(outbox.append('{"n":1}\n', always))
  mkdirSync(directory)
  await outbox.append('{"n":2}\n', always)
  await outbox.close()

  t.deepEqual(readLines(directory).map(({ n }) => n), [2])
})

// A small filesystem, mounted and empty: `mount -t tmpfs -o size=256k none /mnt/small`.
const smallDisk = process.env['PORTICO_TEST_SMALL_DISK'] ?? ''
const onSmallDisk = smallDisk === '' ? test.skip : test
onSmallDisk('a real full disk refuses as full, keeps whole lines only, and recovers', async (t) => {
  const directory = join(smallDisk, 'outbox')
  const outbox = await openOutbox({ directory, maxFileBytes: 50_000, maxTotalBytes: 1_000_000_000 }, systemClock, keepLog([]))
  let accepted = 0
  const error = await t.throwsAsync(async () => {
    for (;;) {
      await outbox.append(`${JSON.stringify({ n: accepted, filler: 'x'.repeat(9_000) })}\n`, always)
      accepted += 1
    }
  })
  t.true(isFull(error))
  t.is(readLines(directory).length, accepted)

  rmSync(join(directory, readdirSync(directory).sort()[0] ?? ''))
  await outbox.append('{"after":true}\n', always)
  await outbox.close()
  t.true(readLines(directory).some(({ after }) => after === true))
})

test('kill -9 in the middle of appends: what was answered is there, once, and every line is whole after the next start', async (t) => {
  const directory = folder(t)
  const answered = new Set<string>()
  const script = fileURLToPath(new URL('./appending-process.ts', import.meta.url))

  for (let kill = 0; kill < 4; kill += 1) {
    const child = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
    let printed = ''
    await new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        printed += chunk.toString()
        if (printed.split('\n').length > 60 + 45 * kill) child.kill('SIGKILL')
      })
      child.on('close', () => resolve())
    })
    // The last number may be cut by the kill.
    for (const n of printed.split('\n').slice(0, -1)) answered.add(`${child.pid}:${n}`)
    // Whatever the kill left, a crash of the machine can leave half a line.
    const last = readdirSync(directory).sort().at(-1)
    if (last !== undefined) appendFileSync(join(directory, last), '{"run":0,"n":')
    await (await openOutbox({ directory, ...limits }, systemClock, keepLog([]))).close()
  }

  const found = readLines(directory).map(({ run, n }) => `${String(run)}:${String(n)}`)
  t.is(new Set(found).size, found.length)
  t.true(answered.size > 200)
  t.deepEqual([...answered].filter((line) => !found.includes(line)), [])
})
