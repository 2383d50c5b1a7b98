import { redisScript } from '../../../kernel/ports/redis/index.ts'
import { library } from './library.ts'

/** ARGV: queue, why or nothing. One that is paused already keeps its reason unless it is given another. */
export const pauseScript = redisScript('write', library, `
redis.call('SADD', base .. 'paused', ARGV[1])
if ARGV[2] ~= '' then redis.call('HSET', base .. 'reasons', ARGV[1], ARGV[2]) end
`)

/** ARGV: queue. */
export const resumeScript = redisScript('write', library, `
redis.call('SREM', base .. 'paused', ARGV[1])
redis.call('HDEL', base .. 'reasons', ARGV[1])
`)

/** ARGV: queue. Answers why it is paused, or nothing; null when it is not. */
export const pausedScript = redisScript('read', library, `
if redis.call('SISMEMBER', base .. 'paused', ARGV[1]) == 0 then return false end
return redis.call('HGET', base .. 'reasons', ARGV[1]) or ''
`)
