import { redisScript } from '../../../kernel/ports/redis/index.ts'
import { library } from './library.ts'

const maxPrefixes = 10_000
const maxLengths = 64

/** Without room for the count nothing can be told from what came before: then all of it goes, which needs no room. */
const counting = `
if not epoch then return 1 end
local raised = redis.pcall('HINCRBY', KEYS[1], 'count', 1)
if type(raised) == 'table' then
  redis.call('UNLINK', KEYS[1])
  return 1
end
`

/** KEYS: the state. ARGV: digests of tags · the run. A tag that is not there is carried by nothing that holds. */
export const tagsScript = redisScript('write', library, counting, `
for at = 1, #ARGV - 1 do redis.call('SET', base .. 'tag:' .. ARGV[at], epoch .. ' ' .. whole(raised), 'XX', 'KEEPTTL') end
return 1
`)

/** KEYS: the state. ARGV: the prefix, the run. One too many, or of one length too many, drops the state, and with it everything. */
export const prefixScript = redisScript('write', library, counting, `
local prefix = ARGV[1]
redis.call('HSET', KEYS[1], 'prefix:' .. prefix, whole(raised), 'prefixed', whole(raised))
if not string.find(',' .. lengths, ',' .. #prefix .. ',', 1, true) then
  lengths = lengths .. #prefix .. ','
  redis.call('HSET', KEYS[1], 'lengths', lengths)
end
local _, distinct = string.gsub(lengths, ',', ',')
if distinct > ${maxLengths} or redis.call('HLEN', KEYS[1]) > ${maxPrefixes} then redis.call('UNLINK', KEYS[1]) end
return 1
`)
