import { join } from 'node:path'
import { bulkhead, circuitBreaker, ConsecutiveBreaker, ExponentialBackoff, handleWhen, retry, SamplingBreaker, timeout, TimeoutStrategy, wrap, type IPolicy } from 'cockatiel'
import { isPorticoError } from '../../kernel/errors.ts'
import type { Case, Figure } from '../figure.ts'
import { nanosecondsEach } from '../measure.ts'
import { inFolder } from '../process.ts'

const manifest = `version: 1
name: bench
ports:
  cache: { use: lru }
  cache.policed: { use: lru, policy: external }
  cache.rated: { use: lru, policy: rated }
policies:
  external: { timeout: 2s, retry: { attempts: 3 }, circuitBreaker: { failures: 5 }, bulkhead: { concurrent: 20, queued: 100 }, attemptTimeout: 500ms }
  rated: { timeout: 2s, retry: { attempts: 3 }, circuitBreaker: { rate: 50% }, bulkhead: { concurrent: 20, queued: 100 }, attemptTimeout: 500ms }
`

const policy: Case = {
  name: 'a policy round a call, in process',
  run: () => inFolder(manifest, async (directory): Promise<readonly Figure[]> => {
    const { createKernel } = (await import(new URL('../../dist/kernel/index.js', import.meta.url).href)) as typeof import('../../kernel/index.ts')
    const kernel = await createKernel(join(directory, 'infra.config.yaml'), { env: {} })
    try {
      return await measure(kernel.ports)
    } finally {
      await kernel.close()
    }
  }),
}

export default policy

async function measure(ports: Awaited<ReturnType<typeof import('../../kernel/index.ts').createKernel>>['ports']): Promise<readonly Figure[]> {
  const plain = ports.cache
  const policed = required(ports['cache.policed'])
  const rated = required(ports['cache.rated'])
  for (const cache of [plain, policed, rated]) await cache.set({ key: 'k', value: 1 })
  const get = () => plain.get({ key: 'k' })
  const by = (one: IPolicy) => () => one.execute(get)

  const ns = await nanosecondsEach({
    none: get, ours: () => policed.get({ key: 'k' }), oursByRate: () => rated.get({ key: 'k' }),
    whole: by(wrap(parts.timeout(2_000), parts.retry(), parts.consecutive(), parts.bulkhead(), parts.timeout(500))),
    retry: by(parts.retry()), consecutive: by(parts.consecutive()), sampling: by(parts.sampling()), bulkhead: by(parts.bulkhead()), timeout: by(parts.timeout(500)),
  }, 10_000)
  const beyond = (what: keyof typeof ns) => (ns[what] - ns.none) / 1_000
  const of = (what: keyof typeof ns) => `${(ns[what] / 1_000).toFixed(2)} µs against ${(ns.none / 1_000).toFixed(2)} µs`
  return [
    { name: 'timeouts, retry, breaker, bulkhead', value: beyond('ours'), unit: 'µs', atMost: 5, of: of('ours') },
    { name: 'the same with a breaker by rate', value: beyond('oursByRate'), unit: 'µs', atMost: 5, of: of('oursByRate') },
    { name: 'cockatiel: timeouts, retry, breaker, bulkhead', value: beyond('whole'), unit: 'µs', of: of('whole') },
    ...(['retry', 'consecutive', 'sampling', 'bulkhead', 'timeout'] as const).map((name) => ({ name: `cockatiel: ${name} alone`, value: beyond(name), unit: 'µs' })),
  ]
}

function required<T>(binding: T | undefined): T {
  if (binding === undefined) throw new Error('the manifest above declares it')
  return binding
}

const failures = handleWhen((error) => isPorticoError(error) && error.retryable)

/** The same policies as the manifest's, by cockatiel. */
const parts = {
  timeout: (ms: number) => timeout(ms, TimeoutStrategy.Aggressive),
  retry: () => retry(failures, { maxAttempts: 2, backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 10_000 }) }),
  consecutive: () => circuitBreaker(failures, { halfOpenAfter: 30_000, breaker: new ConsecutiveBreaker(5) }),
  sampling: () => circuitBreaker(failures, { halfOpenAfter: 30_000, breaker: new SamplingBreaker({ threshold: 0.5, duration: 30_000, minimumRps: 1 }) }),
  bulkhead: () => bulkhead(20, 100),
}
