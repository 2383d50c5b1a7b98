import { systemClock } from '../../../kernel/clock.ts'
import { openOutbox } from '../../../plugins/integrations-file/outbox.ts'
import { keepLog } from './folder.ts'

// Appends until it is killed, eight lines at a time, and prints each number once it was told that it is durable.
const [directory = ''] = process.argv.slice(2)
const limits = { directory, maxFileBytes: 32_768, maxTotalBytes: 1_000_000_000 }
const outbox = await openOutbox(limits, systemClock, keepLog([]))
let next = 0

async function append(): Promise<never> {
  for (;;) {
    const n = next++
    await outbox.append(`${JSON.stringify({ run: process.pid, n, filler: 'x'.repeat(n % 700) })}\n`, () => true)
    process.stdout.write(`${n}\n`)
  }
}
await Promise.all(Array.from({ length: 8 }, append))
