import { redisScript } from '../../../kernel/ports/redis/index.ts'
import { library, moving } from './library.ts'

/** What an acknowledgement is made of. */
const acking = `
local function holdsLease(job, queue, token)
  return job[1] == 'active' and job[2] == queue and job[3] == token and tonumber(job[4]) > now
end

local function finish(id, queue, job, result, keepMs)
  local key = jobKey(id)
  local untilMs = now + keepMs
  redis.call('ZREM', base .. 'due:lapsing', id)
  redis.call('ZREM', listKey(queue, 'active'), id)
  if result == '' then
    redis.call('HSET', key, 'state', 'done', 'finishedAt', now, 'dueAt', untilMs, 'revision', job[5] + 1)
  else
    redis.call('HSET', key, 'state', 'done', 'finishedAt', now, 'dueAt', untilMs, 'revision', job[5] + 1, 'result', result)
  end
  redis.call('ZADD', listKey(queue, 'done'), now, id)
  redis.call('ZADD', base .. 'due:finished', untilMs, id)
  if not job[6] then return end
  redis.call('HDEL', key, 'lane', 'holds')
  if not job[7] then return end
  hold(queue, job[6], -1)
  callUp(queue, job[6])
end

local function leased(id) return redis.call('HMGET', jobKey(id), 'state', 'queue', 'token', 'leaseUntil', 'revision', 'lane', 'holds') end
`

/** ARGV: for each id, queue, token, result or nothing, keepMs. Answers 1 for each, or 0 when that lease is not live. */
export const ackScript = redisScript('write', library, moving, acking, `
local answers = {}
for at = 1, #ARGV, 5 do
  local id, queue = ARGV[at], ARGV[at + 1]
  local job = leased(id)
  local live = holdsLease(job, queue, ARGV[at + 2])
  if live then finish(id, queue, job, ARGV[at + 3], ARGV[at + 4]) end
  answers[#answers + 1] = live and 1 or 0
end
return answers
`)

/**
 * Adds the jobs that stand in ARGV from `at` on, as `addedValues` of ../rows.ts writes them: the id, the idempotency key or nothing, the
 * delay or nothing, dueAt or nothing, how many texts follow, and the job's fields and values; first of all queue, state, enqueuedAt, runAt and rank.
 * What goes into the same sorted set goes there together.
 */
export const adding = `
local pairsOf, count = {}, {}
local function put(key, score, id)
  local list = pairsOf[key]
  if not list then
    list = {}
    pairsOf[key], count[key] = list, 0
  end
  local n = count[key]
  list[n + 1], list[n + 2] = score, id
  count[key] = n + 2
  if n < 1000 then return end
  redis.call('ZADD', key, unpack(list, 1, n + 2))
  count[key] = 0
end

local function addAt(at)
  local id, key, delay, due, size = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local queue, state, enqueuedAt, runAt, rank = ARGV[at + 6], ARGV[at + 8], ARGV[at + 10], ARGV[at + 12], ARGV[at + 14]
  redis.call('HSET', base .. 'job:' .. id, unpack(ARGV, at + 5, at + 4 + size))
  if delay ~= '' then
    due = now + delay
    redis.call('HSET', base .. 'job:' .. id, 'dueAt', due)
  end
  if key ~= '' then redis.call('HSET', base .. 'key:' .. queue, key, id) end
  put(base .. 'list:' .. queue .. ':' .. state, enqueuedAt, id)
  if state == 'ready' then
    put(base .. 'line:' .. queue, rank, id)
    put(base .. 'age:' .. queue, runAt, id)
  end
  if due ~= '' then put(dueKey(state), due, id) end
  return at + 5 + size
end

local function flush()
  for key, list in pairs(pairsOf) do
    if count[key] > 0 then redis.call('ZADD', key, unpack(list, 1, count[key])) end
  end
end
`

/**
 * All of these steps, or none. ARGV: for each `ack` that word and what `ackScript` is given, for each job `add` and what `adding` says;
 * `use` and the base of another binding's keys, before its steps.
 * Answers 0, or the number of the step that was refused, counted from 1: negative for a lease that is not live, positive for a key that
 * another job has.
 */
export const commitScript = redisScript('write', library, moving, acking, adding, `
local at, step, met = 1, 0, {}
while at <= #ARGV do
  local word = ARGV[at]
  if word == 'use' then
    base = ARGV[at + 1]
    at = at + 2
  elseif word == 'ack' then
    step = step + 1
    local id = ARGV[at + 1]
    if met[id] or not holdsLease(leased(id), ARGV[at + 2], ARGV[at + 3]) then return -step end
    met[id] = true
    at = at + 6
  else
    step = step + 1
    local key = ARGV[at + 2]
    if key ~= '' then
      local keys = base .. 'key:' .. ARGV[at + 7]
      if met[keys .. ' ' .. key] or redis.call('HEXISTS', keys, key) == 1 then return step end
      met[keys .. ' ' .. key] = true
    end
    at = at + 6 + ARGV[at + 5]
  end
end

base, at = KEYS[1], 1
while at <= #ARGV do
  local word = ARGV[at]
  if word == 'use' then
    base = ARGV[at + 1]
    at = at + 2
  elseif word == 'ack' then
    finish(ARGV[at + 1], ARGV[at + 2], leased(ARGV[at + 1]), ARGV[at + 4], ARGV[at + 5])
    at = at + 6
  else
    at = addAt(at + 1)
  end
end
flush()
return 0
`)
