import { redisScript } from '../../../kernel/ports/redis/index.ts'
import { filling, library } from './library.ts'

/**
 * KEYS: the state · rows. ARGV: their keys as callers wrote them · how many rows are read at once, and with how many bytes it ends · the run. Answers
 * the server's time in ms, and each row's text or null, of the first rows alone when they are large. What has been invalidated is dropped on the way.
 */
export const readScript = redisScript('read', library, `
local answer, dead, bytes = { now }, {}, 0
local atOnce, enough = tonumber(ARGV[#KEYS]), tonumber(ARGV[#KEYS + 1])
for from = 2, #KEYS, atOnce do
  for offset, row in ipairs(redis.call('MGET', unpack(KEYS, from, math.min(from + atOnce - 1, #KEYS)))) do
    local at = from + offset - 1
    if row then
      local was, stamp, tags = string.match(row, '^(%S+) (%d+) %S+ (%S+)\\n')
      if not holds(was, tonumber(stamp), tags, ARGV[at - 1]) then
        dead[#dead + 1] = KEYS[at]
        row = false
      else
        bytes = bytes + #row
      end
    end
    answer[at] = row
  end
  if bytes >= enough then break end
end
if #dead > 0 then redis.call('UNLINK', unpack(dead)) end
return answer
`)

/**
 * KEYS: the state · the row · its fills. ARGV: key, a new epoch in case there is none, freshMs or -, for how long the row stays, the fill's
 * id or nothing, digests of tags with commas between or -, what follows the row's first line, the run. Answers 1, or 0 when the fill is not open.
 * A row that is written has the stamp of now also when its fill began earlier: that nothing came between was just seen.
 */
export const writeScript = redisScript('write', library, filling, `
local key, candidate, freshMs, lifeMs, fill, tags, rest = unpack(ARGV)
if fill ~= '' and not isOpen(fill, key) then return 0 end

local stored, why = pcall(function()
  ensureState(candidate)
  local freshUntil = freshMs == '-' and '-' or whole(now + freshMs)
  -- Before the tags: a script that has written anything is refused nothing for want of room.
  redis.call('SET', KEYS[2], epoch .. ' ' .. whole(count) .. ' ' .. freshUntil .. ' ' .. tags .. '\\n' .. rest, 'PX', lifeMs)
  ensureTags(tags, lifeMs)
end)
-- Where there is no room for it, the old one must not stay in its place.
if not stored then redis.call('UNLINK', KEYS[2]) end
redis.call('UNLINK', KEYS[3])
if not stored then return errorOf(why) end
return 1
`)
