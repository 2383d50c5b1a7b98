import { redisScript } from '../../../kernel/ports/redis/index.ts'
import { library } from './library.ts'

/** Answers the time, and when the first of each kind is due or nothing: scheduled, lapsing, finished, tick. */
export const dueScript = redisScript('read', library, `
local answer = { now }
for i, name in ipairs({ 'due:scheduled', 'due:lapsing', 'due:finished', 'ticks' }) do
  answer[i + 1] = redis.call('ZRANGE', base .. name, 0, 0, 'WITHSCORES')[2] or ''
end
return answer
`)

/** ARGV: queue, states. Answers the time, when the oldest ready job was to run or nothing, and how many there are of each state. */
export const countsScript = redisScript('read', library, `
local answer = { now, redis.call('ZRANGE', base .. 'age:' .. ARGV[1], 0, 0, 'WITHSCORES')[2] or '' }
for i = 2, #ARGV do answer[i + 1] = redis.call('ZCARD', listKey(ARGV[1], ARGV[i])) end
return answer
`)
