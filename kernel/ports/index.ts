import { amqp } from './amqp/index.ts'
import { cache } from './cache/index.ts'
import type { AnyPort } from './definition.ts'
import { integrations } from './integrations/index.ts'
import { locks } from './locks/index.ts'
import { mongodb } from './mongodb/index.ts'
import { queue } from './queue/index.ts'
import { redis } from './redis/index.ts'
import { sql } from './sql/index.ts'
import { storage } from './storage/index.ts'

/** The kernel's own ports; listed plugins add theirs. */
export const builtInPorts: readonly AnyPort[] = [sql, mongodb, redis, amqp, storage, queue, cache, locks, integrations]

export { amqp, cache, integrations, locks, mongodb, queue, redis, sql, storage }
