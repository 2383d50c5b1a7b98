import { redisScript } from '../../kernel/ports/redis/index.ts'

/**
 * What the scripts share. KEYS: the lock, a hash of token, fencing token and end, gone when its time is over · the token that released it
 * last, for a while · the last fencing token of the binding. The key goes by the server's clock, as `now` does; the end says the same to
 * the millisecond, also where the server is late to take a key away.
 */
const library = `
local time = redis.call('TIME')
local nowUs = time[1] * 1000000 + time[2]
local now = math.floor(nowUs / 1000)

local function held()
  local found = redis.call('HMGET', KEYS[1], 'token', 'fence', 'until')
  if found[1] and tonumber(found[3]) > now then return found[1], tonumber(found[2]), tonumber(found[3]) end
end

-- Lua would write 1e15 for what is as long as a time in microseconds.
local function whole(number) return string.format('%.0f', number) end
`

/** What a token finds: 1, the fencing token, for how long it is held still · 2 when it released the lock last · 0 and for how long another holds it. */
const looking = `
local token, fence, ends = held()
if token == ARGV[1] then return { 1, fence, ends - now } end
if redis.call('GET', KEYS[2]) == ARGV[1] then return { 2 } end
if token then return { 0, ends - now } end
`

/** ARGV: token. Answers what it finds; 0 and 0 where nobody holds it. */
export const lookScript = redisScript('read', library, looking, `
return { 0, 0 }
`)

/**
 * ARGV: token, ttlMs. Answers what the token finds, or 1 and the fencing token. That is one more than the
 * last, and no less than the time in microseconds: so that it grows also when the server forgot the last one.
 */
export const acquireScript = redisScript('write', library, looking, `
local last = tonumber(redis.call('GET', KEYS[3]) or 0)
local grant = math.max(last + 1, nowUs)
local ends = now + tonumber(ARGV[2])
redis.call('SET', KEYS[3], whole(grant))
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'fence', whole(grant), 'until', whole(ends))
redis.call('PEXPIREAT', KEYS[1], whole(ends))
return { 1, grant }
`)

/** ARGV: token, ttlMs. Answers the fencing token, or null. */
export const renewScript = redisScript('write', library, `
local token, fence = held()
if token ~= ARGV[1] then return false end
local ends = now + tonumber(ARGV[2])
redis.call('HSET', KEYS[1], 'until', whole(ends))
redis.call('PEXPIREAT', KEYS[1], whole(ends))
return fence
`)

/** ARGV: token, for how long a repeat is known, the channel of who waits. Answers 1 when it is, or was, released under this token. */
export const releaseScript = redisScript('write', library, `
if held() ~= ARGV[1] then
  if redis.call('GET', KEYS[2]) == ARGV[1] then return 1 end
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
redis.call('PUBLISH', ARGV[3], '')
return 1
`)
