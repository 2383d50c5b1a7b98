/**
 * What the scripts share. The last of ARGV is the name of the server's run. KEYS[1] is the binding's state, a hash:
 *
 * - `epoch`: a random name. What carries another one is invalid; without a state everything is. To invalidate all is to drop the state.
 * - `count`: how many invalidations there were in this epoch. A row and a fill carry the count as it was: their stamp.
 * - `run`: the server's run that made it. In another one the state may be older than what it invalidated since, so it is none.
 * - `prefix:<text>`: the count at the last invalidation of that prefix · `prefixed`: the highest of these · `lengths`: the distinct ones.
 *
 * A tag is a key of its own, `<epoch> <count>`, made with the first row or fill that carries the tag, and it outlives all of them. What is
 * missing (evicted, flushed) makes the rows that would have needed it invalid, never valid.
 */
export const library = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local base = string.sub(KEYS[1], 1, -6)
local state = redis.call('HMGET', KEYS[1], 'epoch', 'count', 'prefixed', 'lengths', 'run')
local epoch, count, prefixed, lengths = state[1], tonumber(state[2]), tonumber(state[3] or 0), state[4] or ''
if state[5] ~= ARGV[#ARGV] then epoch = false end

-- Lua would write 1e15 for what is as long as a time.
local function whole(number) return string.format('%.0f', number) end

local function hitByTag(stamp, tags)
  if tags == '-' then return false end
  for digest in string.gmatch(tags, '[^,]+') do
    local was, at = string.match(redis.call('GET', base .. 'tag:' .. digest) or '', '^(%S+) (%d+)$')
    if was ~= epoch or tonumber(at) > stamp then return true end
  end
  return false
end

local function hitByPrefix(stamp, key)
  if stamp >= prefixed then return false end
  for length in string.gmatch(lengths, '%d+') do
    if tonumber(length) <= #key then
      local at = redis.call('HGET', KEYS[1], 'prefix:' .. string.sub(key, 1, tonumber(length)))
      if at and tonumber(at) > stamp then return true end
    end
  end
  return false
end

-- Whether nothing has invalidated what was stamped in that epoch.
local function holds(was, stamp, tags, key)
  if not epoch or was ~= epoch then return false end
  return stamp == count or not (hitByTag(stamp, tags) or hitByPrefix(stamp, key))
end
`

/** For the scripts that write a row or begin a fill; `KEYS[#KEYS]` is the hash of the key's fills: id → `<until> <epoch> <stamp> <tags>`. */
export const filling = `
local function isOpen(id, key)
  local ends, was, stamp, tags = string.match(redis.call('HGET', KEYS[#KEYS], id) or '', '^(%d+) (%S+) (%d+) (%S+)$')
  return ends ~= nil and tonumber(ends) > now and holds(was, tonumber(stamp), tags, key)
end

local function ensureState(candidate)
  if epoch then return end
  epoch, count, prefixed, lengths = candidate, 0, 0, ''
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'count', 0, 'run', ARGV[#ARGV])
end

-- A tag that is new, or was forgotten, is taken to have been invalidated just now: what is older does not hold.
local function ensureTags(tags, lifeMs)
  if tags == '-' then return end
  for digest in string.gmatch(tags, '[^,]+') do
    local tag = base .. 'tag:' .. digest
    local was = string.match(redis.call('GET', tag) or '', '^%S+')
    if was ~= epoch then
      redis.call('SET', tag, epoch .. ' ' .. whole(count), 'PX', lifeMs)
    elseif redis.call('PTTL', tag) < tonumber(lifeMs) then
      redis.call('PEXPIRE', tag, lifeMs)
    end
  end
end

local function errorOf(why) return { err = type(why) == 'table' and why.err or tostring(why) } end
`
