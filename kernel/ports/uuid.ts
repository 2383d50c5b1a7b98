import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'

/**
 * Makes UUIDv7s that ascend, also within one millisecond and when the clock goes back: up to 4,096 in a millisecond,
 * and beyond that the time in them runs ahead.
 */
export function makeUuids(clock: Pick<Clock, 'now'>): () => string {
  let lastMs = 0
  let count = 0
  let pool = Buffer.alloc(0)
  let used = 0

  return () => {
    const nowMs = clock.now()
    if (nowMs > lastMs) {
      lastMs = nowMs
      count = 0
    } else if (++count > 0xfff) {
      lastMs++
      count = 0
    }

    if (used === pool.length) {
      pool = randomBytes(512)
      used = 0
    }
    const random = pool.toString('hex', used, (used += 8))
    const time = lastMs.toString(16).padStart(12, '0')
    const variant = (8 + (parseInt(random[0] ?? '0', 16) & 3)).toString(16)
    return `${time.slice(0, 8)}-${time.slice(8)}-7${count.toString(16).padStart(3, '0')}-${variant}${random.slice(1, 4)}-${random.slice(4)}`
  }
}
