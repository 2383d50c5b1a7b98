import { queueError } from './errors.ts'
import type { QueueRules } from './keys.ts'

/** The rules of a queue by its name. @throws QUEUE_NOT_FOUND when the manifest declares no such queue. */
export function declaredIn(rules: ReadonlyMap<string, QueueRules>, binding: string): (queue: string) => QueueRules {
  return (queue) => {
    const found = rules.get(queue)
    if (!found) throw queueError('QUEUE_NOT_FOUND', { binding, queue })
    return found
  }
}
