import { testCacheContract } from '../cache-contract.ts'

testCacheContract({ 'as it is': { use: 'lru' }, 'few entries': { use: 'lru', with: { maxEntries: 50, maxSize: '8MiB' } } })
