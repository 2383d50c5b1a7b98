import { maxBytesAtOnce } from '../../../kernel/ports/queue/index.ts'
import { redisScript } from '../../../kernel/ports/redis/index.ts'
import { library, moving } from './library.ts'

/** How many jobs one lease looks at, where lanes are full. */
const mostExamined = 1_000

/** A job as the scripts answer it: its id, and its fields and values. */
const whole = `
local function whole(id)
  local row = redis.call('HGETALL', jobKey(id))
  if #row == 0 then return nil end
  row[#row + 1], row[#row + 2] = 'id', id
  return row
end
`

const waysOfLeasing = `
local queue, max, leaseMs, token, worker = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local request, keepMs = ARGV[6], ARGV[7]
local concurrent, perKey, costUs, bucketUs = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])
local line, active = base .. 'line:' .. queue, listKey(queue, 'active')

-- How many more the queue's limits let through, and in how many milliseconds the rate lets one.
local fullUs
local function room()
  local rooms = max
  if concurrent > 0 then rooms = math.min(rooms, concurrent - redis.call('ZCARD', active)) end
  if costUs == 0 then return rooms, -1 end
  fullUs = math.max(nowUs, tonumber(redis.call('HGET', base .. 'bucket', queue) or '0'))
  local againMs = math.ceil((fullUs + costUs - bucketUs) / 1000) - now
  return math.min(rooms, math.floor((nowUs + bucketUs - fullUs) / costUs)), againMs > 0 and againMs or -1
end

-- The first in line whose lanes have room; and those whose lanes have none, with their lanes.
local function pick(rooms)
  local picked, full, held = {}, {}, {}
  local offset, page = 0, math.max(rooms, 50)
  while #picked < rooms and offset < ${mostExamined} do
    local ids = redis.call('ZRANGE', line, offset, offset + page - 1)
    for _, id in ipairs(ids) do
      if #picked == rooms then break end
      local lane, holds = unpack(redis.call('HMGET', jobKey(id), 'lane', 'holds'))
      if not lane or holds then
        picked[#picked + 1] = id
      else
        held[lane] = held[lane] or tonumber(redis.call('HGET', base .. 'lanes:' .. queue, lane) or '0')
        if held[lane] < perKey then
          held[lane] = held[lane] + 1
          picked[#picked + 1] = id
        else
          full[#full + 1] = { id, lane }
        end
      end
    end
    if #ids < page then return picked, full, true end
    offset = offset + #ids
  end
  return picked, full, #picked > 0
end

local function setAside(full)
  for _, entry in ipairs(full) do
    local id, lane = entry[1], entry[2]
    local key = asideKey(queue, lane)
    local rank = redis.call('ZSCORE', line, id)
    redis.call('ZREM', line, id)
    redis.call('ZADD', key, rank, id)
    redis.call('SADD', base .. 'asides', key)
    redis.call('HSET', jobKey(id), 'aside', '1')
  end
end

-- What the update of a lease changes, also in the row that is answered.
local function grant(id, row)
  local job = {}
  for i = 1, #row, 2 do job[row[i]] = row[i + 1] end
  local untilMs = now + leaseMs
  if job.deadlineAt and tonumber(job.deadlineAt) < untilMs then untilMs = tonumber(job.deadlineAt) end
  local changed = { 'state', 'active', 'token', token, 'leaseUntil', untilMs, 'dueAt', untilMs, 'attempt', job.attempt + 1, 'revision', job.revision + 1 }
  if worker ~= '' then changed[#changed + 1], changed[#changed + 2] = 'worker', worker end
  if job.lane and not job.holds then
    hold(queue, job.lane, 1)
    changed[#changed + 1], changed[#changed + 2] = 'holds', '1'
  end
  redis.call('HSET', jobKey(id), unpack(changed))
  redis.call('ZADD', active, job.enqueuedAt, id)
  redis.call('ZADD', base .. 'due:lapsing', untilMs, id)
  for i = 1, #changed do row[#row + 1] = changed[i] end
end
`

/**
 * ARGV: queue, max, leaseMs, token, worker or nothing, request or nothing, how long that is kept, then the limits, 0 for none: concurrent, perKey,
 * and of the rate how many µs one job costs, and how many the bucket holds.
 * Answers null when the request is taken; else the time, in how many milliseconds to look again (-1: no one knows), and the rows.
 */
export const leaseScript = redisScript('write', library, moving, whole, waysOfLeasing, `
if request ~= '' and redis.call('EXISTS', base .. 'request:' .. request) == 1 then return false end
local answer = { now, -1 }
if redis.call('SISMEMBER', base .. 'paused', queue) == 1 then return answer end
local rooms, againMs = room()
if rooms < 1 then return { now, againMs } end

local ids, full, sure
if perKey > 0 then ids, full, sure = pick(rooms) else ids, full, sure = redis.call('ZRANGE', line, 0, rooms - 1), {}, true end
setAside(full)
if #ids == 0 then return { now, sure and -1 or 1 } end

local rows, got, bytes = {}, {}, 0
for _, id in ipairs(ids) do
  if bytes >= ${maxBytesAtOnce} then break end
  local row, size, late = whole(id), 0, false
  for i = 1, row and #row or 0, 2 do
    if row[i] == 'payload' then size = #row[i + 1] end
    if row[i] == 'deadlineAt' then late = tonumber(row[i + 1]) <= now end
  end
  -- One whose deadline passed is left to the upkeep.
  if not late then
    got[#got + 1], rows[#rows + 1] = id, row
    bytes = bytes + size
  end
end
if #got == 0 then return answer end
-- Removed first: so that a full server leases all the same.
redis.call('ZREM', line, unpack(got))
redis.call('ZREM', listKey(queue, 'ready'), unpack(got))
redis.call('ZREM', base .. 'age:' .. queue, unpack(got))

local leased = { token }
for i, row in ipairs(rows) do
  local id = row[#row]
  grant(id, row)
  leased[i + 1] = id
  answer[i + 2] = row
end
if costUs > 0 and #rows > 0 then redis.call('HSET', base .. 'bucket', queue, string.format('%.0f', fullUs + costUs * #rows)) end
if request ~= '' and #rows > 0 then redis.call('SET', base .. 'request:' .. request, table.concat(leased, ' '), 'PX', keepMs) end
return answer
`)

/** ARGV: request. Answers null when it is not known; else the time, and the rows that it leased and still holds. */
export const requestedScript = redisScript('read', library, whole, `
local kept = redis.call('GET', base .. 'request:' .. ARGV[1])
if not kept then return false end
local answer, token = { now }, nil
for word in string.gmatch(kept, '%S+') do
  if not token then
    token = word
  else
    local state, held, untilMs = unpack(redis.call('HMGET', jobKey(word), 'state', 'token', 'leaseUntil'))
    if state == 'active' and held == token and tonumber(untilMs) > now then answer[#answer + 1] = whole(word) end
  end
end
return answer
`)

/** ARGV: id. Answers null, or the time and the row. */
export const readScript = redisScript('read', library, whole, `
local row = whole(ARGV[1])
return row and { now, row } or false
`)

/** Adds a row to the answer, unless that has its bytes already: then false. */
const filling = `
local bytes = 0
local function fill(answer, id)
  if bytes >= ${maxBytesAtOnce} then return false end
  local row = whole(id)
  for i = 1, row and #row or 0, 2 do
    if row[i] == 'payload' or row[i] == 'result' then bytes = bytes + #row[i + 1] end
  end
  answer[#answer + 1] = row
  return true
end
`

/** ARGV: queue, and idempotency keys. Answers the rows that have them. */
export const withKeysScript = redisScript('read', library, whole, filling, `
local answer = {}
for i = 2, #ARGV do
  local id = redis.call('HGET', base .. 'key:' .. ARGV[1], ARGV[i])
  if id and not fill(answer, id) then break end
end
return answer
`)

/** ARGV: how many. Answers the rows whose time in their state is over, of those that lapse. */
export const overdueScript = redisScript('read', library, whole, filling, `
local answer = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', base .. 'due:lapsing', '-inf', now, 'LIMIT', 0, ARGV[1])) do
  if not fill(answer, id) then break end
end
return answer
`)

/**
 * ARGV: queue, state, from, to (exclusive), how many, and the `at` and id after which the page begins, or two times nothing.
 * Answers the rows, the latest first. Of many that were listed in one millisecond the place is found by halving.
 */
export const pageScript = redisScript('read', library, whole, filling, `
local key = listKey(ARGV[1], ARGV[2])
local from, to, limit, last, after = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local place = redis.call('ZCOUNT', key, string.format('%.0f', to), '+inf')
if last and last < to then
  place = redis.call('ZCOUNT', key, '(' .. string.format('%.0f', last), '+inf')
  local behind = place + redis.call('ZCOUNT', key, string.format('%.0f', last), string.format('%.0f', last))
  while place < behind do
    local middle = math.floor((place + behind) / 2)
    if redis.call('ZREVRANGE', key, middle, middle)[1] >= after then place = middle + 1 else behind = middle end
  end
end

local answer = {}
local found = redis.call('ZREVRANGE', key, place, place + limit - 1, 'WITHSCORES')
for i = 1, #found, 2 do
  if tonumber(found[i + 1]) < from or not fill(answer, found[i]) then break end
end
return answer
`)
