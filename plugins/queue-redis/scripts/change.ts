import { redisScript } from '../../../kernel/ports/redis/index.ts'
import { library, moving } from './library.ts'

/** What stands in a job before it is changed or removed. */
const before = `
local function standing(id)
  local job = redis.call('HMGET', jobKey(id), 'revision', 'queue', 'state', 'lane', 'holds', 'aside', 'leaseUntil', 'key')
  return { revision = job[1], queue = job[2], state = job[3], lane = job[4], holds = job[5], aside = job[6], leaseUntil = job[7], key = job[8] }
end

-- Its idempotency key leads to it no more.
local function forget(id, job)
  if not job.key then return end
  local keys = base .. 'key:' .. job.queue
  if redis.call('HGET', keys, job.key) == id then redis.call('HDEL', keys, job.key) end
end

-- Its place in its lane is the next one's.
local function vacate(job)
  if not job.lane then return end
  if job.holds then hold(job.queue, job.lane, -1) end
  callUp(job.queue, job.lane)
end
`

/**
 * ARGV: 1 when the lease must be live, else 0; then for each row, as `replacedValues` of ../rows.ts writes it: the id, the revision it was read
 * with, `listed`, dueAt or nothing, lane or nothing, 1 when it holds, idempotency key or nothing, how many texts follow, and the whole row's
 * fields and values; first of all queue, state, enqueuedAt, runAt and rank.
 * Answers 1 for each that was written, 0 for the others.
 */
export const replaceScript = redisScript('write', library, moving, before, `
local answer, at = {}, 2
while at <= #ARGV do
  local id, revision, listed, due, lane, holds, key, size = unpack(ARGV, at, at + 7)
  local first = at + 8
  at = first + size
  local job = standing(id)
  if job.revision ~= revision or (ARGV[1] == '1' and not (job.leaseUntil and tonumber(job.leaseUntil) > now)) then
    answer[#answer + 1] = 0
  else
    local queue, state, runAt, rank = ARGV[first + 1], ARGV[first + 3], ARGV[first + 7], ARGV[first + 9]
    leave(id, job.queue, job.state, job.lane, job.aside)
    if job.key and (job.key ~= key or job.queue ~= queue) then forget(id, job) end
    redis.call('DEL', jobKey(id))
    redis.call('HSET', jobKey(id), 'revision', revision + 1, unpack(ARGV, first, first + size - 1))
    enter(id, queue, state, listed, runAt, rank, due ~= '' and due)
    if lane ~= '' and holds == '1' then hold(queue, lane, 1) end
    if lane ~= '' and lane == job.lane and queue == job.queue and holds == '1' then
      if job.holds then hold(queue, lane, -1) end
    else
      vacate(job)
    end
    answer[#answer + 1] = 1
  end
end
return answer
`)

/** ARGV: id, revision. Answers 1, or 0 when it was changed meanwhile. */
export const removeScript = redisScript('write', library, moving, before, `
local id, revision = ARGV[1], ARGV[2]
local job = standing(id)
if job.revision ~= revision then return 0 end
leave(id, job.queue, job.state, job.lane, job.aside)
forget(id, job)
redis.call('UNLINK', jobKey(id))
vacate(job)
return 1
`)

/** ARGV: how many. Answers how many scheduled jobs became ready. */
export const promoteScript = redisScript('write', library, moving, `
local ids = redis.call('ZRANGEBYSCORE', base .. 'due:scheduled', '-inf', now, 'LIMIT', 0, ARGV[1])
for _, id in ipairs(ids) do
  local key = jobKey(id)
  local queue, enqueuedAt, runAt, rank, deadlineAt = unpack(redis.call('HMGET', key, 'queue', 'enqueuedAt', 'runAt', 'rank', 'deadlineAt'))
  redis.call('ZREM', base .. 'due:scheduled', id)
  if queue then
    redis.call('ZREM', listKey(queue, 'scheduled'), id)
    redis.call('HSET', key, 'state', 'ready')
    redis.call('HINCRBY', key, 'revision', 1)
    if deadlineAt then redis.call('HSET', key, 'dueAt', deadlineAt) else redis.call('HDEL', key, 'dueAt') end
    enter(id, queue, 'ready', enqueuedAt, runAt, rank, deadlineAt)
  end
end
return #ids
`)

/** ARGV: how many. Removes finished jobs that were kept long enough, and answers how many. */
export const sweepScript = redisScript('write', library, moving, before, `
local ids = redis.call('ZRANGEBYSCORE', base .. 'due:finished', '-inf', now, 'LIMIT', 0, ARGV[1])
for _, id in ipairs(ids) do
  local job = standing(id)
  redis.call('ZREM', base .. 'due:finished', id)
  if job.queue then
    redis.call('ZREM', listKey(job.queue, job.state), id)
    forget(id, job)
    redis.call('UNLINK', jobKey(id))
  end
end
return #ids
`)

/**
 * ARGV: how many. At a start: those that were set aside come into line, for the limits may be others now, and answers whether more are left.
 * A lease sets them aside again.
 */
export const callUpAllScript = redisScript('write', library, moving, `
local left = tonumber(ARGV[1])
for _, key in ipairs(redis.call('SRANDMEMBER', base .. 'asides', left)) do
  local found = redis.call('ZRANGE', key, 0, left - 1, 'WITHSCORES')
  local queue = string.match(string.sub(key, #base + 1), '^aside:([^:]+):')
  for i = 1, #found, 2 do
    dropAside(key, found[i])
    redis.call('ZADD', base .. 'line:' .. queue, found[i + 1], found[i])
    redis.call('HDEL', jobKey(found[i]), 'aside')
  end
  left = left - #found / 2
  if left <= 0 then break end
end
return redis.call('EXISTS', base .. 'asides')
`)
