import { Agent, get } from 'node:http'
import autocannon from 'autocannon'
import type { Load, LoadResult } from './load.ts'

const wanted = JSON.parse(process.argv[2] ?? '{}') as Load
console.log(JSON.stringify(await (wanted.precise === true ? latencies(wanted) : throughput(wanted))))

async function throughput({ url, method = 'GET', body, connections, seconds }: Load): Promise<LoadResult> {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  const { requests, latency, non2xx, errors, statusCodeStats } = await autocannon({ url, method, headers, connections, duration: seconds, ...(body === undefined ? {} : { body }) })
  return { perSecond: requests.average, p50Ms: latency.p50, p99Ms: latency.p99, failed: non2xx + errors, statuses: Object.keys(statusCodeStats) }
}

/** GETs with a latency finer than autocannon's whole milliseconds. */
async function latencies({ url, connections, seconds }: Load): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const tookMs: number[] = []
  const endMs = performance.now() + seconds * 1_000
  let failed = 0

  await Promise.all(Array.from({ length: connections }, async () => {
    while (performance.now() < endMs) {
      const startedMs = performance.now()
      if (!(await getOnce(url, agent))) failed += 1
      tookMs.push(performance.now() - startedMs)
    }
  }))
  agent.destroy()

  const sorted = tookMs.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN
  return { perSecond: tookMs.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99), failed, statuses: [] }
}

function getOnce(url: string, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    get(url, { agent }, (response) => {
      response.resume().on('end', () => { resolve(response.statusCode === 200) })
    }).on('error', () => { resolve(false) })
  })
}
