/**
 * What the scripts share. A job is a hash, `job:<id>`, whose fields are `fields` of ../rows.ts; beside it stand, for each queue,
 * sorted sets whose members are ids:
 *   list:<queue>:<state>  by `listed` (when it was enqueued, or finished)
 *   line:<queue>          ready ones that may be leased, by `rank`
 *   age:<queue>           ready ones by `runAt`
 *   aside:<queue>:<sha>   ready ones of a lane that is full, by `rank`; the lane is free text, and so is hashed
 *   due:scheduled, due:lapsing, due:finished   of all queues, by when the state ends by itself
 * and hashes: key:<queue> (idempotency key → id), lanes:<queue> (lane → how many hold in it), bucket (queue → when it is full, in µs).
 * `asides` is the set of the `aside` keys that hold something, `paused` the set of the queues that are, `reasons` (queue → why it is) a hash.
 *
 * Where memory is full a script fails at its first command that may need more, and at none after another one wrote. So what takes jobs off
 * begins by removing from a sorted set, and goes on in a full server.
 */
export const library = `
local base = KEYS[1]
local time = redis.call('TIME')
local nowUs = time[1] * 1000000 + time[2]
local now = math.floor(nowUs / 1000)

local function jobKey(id) return base .. 'job:' .. id end
local function listKey(queue, state) return base .. 'list:' .. queue .. ':' .. state end
local function asideKey(queue, lane) return base .. 'aside:' .. queue .. ':' .. redis.sha1hex(lane) end
local function isFinished(state) return state == 'done' or state == 'dead' or state == 'cancelled' end
`

/** A job's way into and out of what stands beside it. */
export const moving = `
local function dueKey(state)
  if state == 'scheduled' then return base .. 'due:scheduled' end
  if isFinished(state) then return base .. 'due:finished' end
  return base .. 'due:lapsing'
end

local function enter(id, queue, state, listed, runAt, rank, due)
  redis.call('ZADD', listKey(queue, state), listed, id)
  if state == 'ready' then
    redis.call('ZADD', base .. 'line:' .. queue, rank, id)
    redis.call('ZADD', base .. 'age:' .. queue, runAt, id)
  end
  if due then redis.call('ZADD', dueKey(state), due, id) end
end

local function dropAside(key, id)
  redis.call('ZREM', key, id)
  if redis.call('EXISTS', key) == 0 then redis.call('SREM', base .. 'asides', key) end
end

local function leave(id, queue, state, lane, aside)
  redis.call('ZREM', listKey(queue, state), id)
  redis.call('ZREM', dueKey(state), id)
  if state ~= 'ready' then return end
  redis.call('ZREM', base .. 'age:' .. queue, id)
  if aside then dropAside(asideKey(queue, lane), id) else redis.call('ZREM', base .. 'line:' .. queue, id) end
end

-- One more, or one less, holds in the lane.
local function hold(queue, lane, by)
  local key = base .. 'lanes:' .. queue
  if redis.call('HINCRBY', key, lane, by) <= 0 then redis.call('HDEL', key, lane) end
end

-- The next of those that were set aside in this lane comes into line.
local function callUp(queue, lane)
  local key = asideKey(queue, lane)
  local next = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if not next[1] then return end
  dropAside(key, next[1])
  redis.call('ZADD', base .. 'line:' .. queue, next[2], next[1])
  redis.call('HDEL', jobKey(next[1]), 'aside')
end
`
