import { redisScript } from '../../../kernel/ports/redis/index.ts'
import { adding } from './commit.ts'
import { library, moving } from './library.ts'

/**
 * A schedule is `<queue> <name>` (names of the manifest's form, without a space): its spec in the hash `specs`, its revision in `revisions`, and
 * in the sorted set `ticks` when it fires next, unless it is paused.
 */

/** ARGV: a name, or nothing for all. Answers the time, and for each schedule its name, spec, revision, and when it fires next or nothing. */
export const schedulesScript = redisScript('read', library, `
local answer = { now }
local specs = {}
if ARGV[1] then
  local spec = redis.call('HGET', base .. 'specs', ARGV[1])
  if spec then specs = { ARGV[1], spec } end
else
  specs = redis.call('HGETALL', base .. 'specs')
end
for i = 1, #specs, 2 do
  local next = redis.call('ZSCORE', base .. 'ticks', specs[i])
  answer[#answer + 1] = { specs[i], specs[i + 1], redis.call('HGET', base .. 'revisions', specs[i]), next or '' }
end
return answer
`)

/**
 * ARGV: name, the revision it must be at or nothing when it must not be there, spec, revision, when it fires next or nothing; then its jobs, as
 * `adding` wants them. One that is there already, for a schedule was dropped and came again, is left as it is.
 */
export const putScheduleScript = redisScript('write', library, moving, adding, `
local name, expected, spec, revision, next = unpack(ARGV, 1, 5)
if (redis.call('HGET', base .. 'revisions', name) or '') ~= expected then return 0 end
local at = 6
while at <= #ARGV do
  if redis.call('EXISTS', jobKey(ARGV[at])) == 1 then at = at + 5 + ARGV[at + 4] else at = addAt(at) end
end
flush()
redis.call('HSET', base .. 'specs', name, spec)
redis.call('HSET', base .. 'revisions', name, revision)
if next == '' then redis.call('ZREM', base .. 'ticks', name) else redis.call('ZADD', base .. 'ticks', next, name) end
return 1
`)

/** ARGV: name, the revision it must be at. */
export const dropScheduleScript = redisScript('write', library, `
local name, expected = ARGV[1], ARGV[2]
if redis.call('HGET', base .. 'revisions', name) ~= expected then return 0 end
redis.call('ZREM', base .. 'ticks', name)
redis.call('HDEL', base .. 'specs', name)
redis.call('HDEL', base .. 'revisions', name)
return 1
`)
