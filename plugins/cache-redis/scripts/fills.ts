import { redisScript } from '../../../kernel/ports/redis/index.ts'
import { filling, library } from './library.ts'

/** So many fills of one key can be open; one more closes them all. */
const maxFills = 32

/**
 * KEYS: the state · the key's fills. ARGV: key, a new epoch in case there is none, the fill's id, holdMs, 1 when it shall be alone, digests of
 * tags or -, the run. Answers 1, or 0 while another that was begun alone is open.
 */
export const beginScript = redisScript('write', library, filling, `
local key, candidate, id, holdMs, alone, tags = unpack(ARGV)
if alone == '1' then
  local holder = redis.call('HGET', KEYS[2], 'alone')
  if holder and isOpen(holder, key) then return 0 end
end

ensureState(candidate)
if redis.call('HLEN', KEYS[2]) > ${maxFills} then redis.call('DEL', KEYS[2]) end
redis.call('HSET', KEYS[2], id, whole(now + holdMs) .. ' ' .. epoch .. ' ' .. whole(count) .. ' ' .. tags)
if alone == '1' then redis.call('HSET', KEYS[2], 'alone', id) end
ensureTags(tags, holdMs)
if redis.call('PTTL', KEYS[2]) < tonumber(holdMs) then redis.call('PEXPIRE', KEYS[2], holdMs) end
return 1
`)

/** KEYS: the key's fills. ARGV: the fill's id. */
export const endScript = redisScript('write', `
redis.call('HDEL', KEYS[1], ARGV[1])
if redis.call('HGET', KEYS[1], 'alone') == ARGV[1] then redis.call('HDEL', KEYS[1], 'alone') end
return 1
`)
