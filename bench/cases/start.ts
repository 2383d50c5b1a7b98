import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Case, Figure } from '../figure.ts'
import { median } from '../measure.ts'
import { inFolder, withPortico, type Usage } from '../process.ts'

const rounds = 7
const megabyte = 1024 * 1024

const start: Case = {
  name: 'start to ready, and at rest (dist, compile cache warm)',
  async run(): Promise<readonly Figure[]> {
    const bare = median(Array.from({ length: rounds }, bareNodeMs))
    const standard = await readFile(join(import.meta.dirname, '../../infra.config.yaml'), 'utf8')
    const whole = await startUsage(standard)
    const caches = []
    for (const count of [10, 100, 1000, 2000]) caches.push({ count, usage: await startUsage(cacheManifest(count), 5) })
    const [first, later] = await residentAtRest(standard)
    const [ten = 0, , thousand = 0, twoThousand = 0] = caches.map(({ usage }) => usage.cpuMs)
    const [earlierMs, laterMs] = [(thousand - ten) / 990, (twoThousand - thousand) / 1_000]

    return [
      { name: 'CPU beyond `node -e 0`, default manifest', value: whole.cpuMs - bare, unit: 'ms', atMost: 500, of: `${whole.cpuMs.toFixed(0)} ms of which bare Node ${bare.toFixed(0)} ms` },
      { name: 'resident memory at rest, default manifest', value: later / megabyte, unit: 'MiB', atMost: 110 },
      { name: 'the same after the very first start, which makes the tables', value: first / megabyte, unit: 'MiB' },
      ...caches.map(({ count, usage }) => ({ name: `CPU beyond \`node -e 0\`, ${count} cache bindings`, value: usage.cpuMs - bare, unit: 'ms' })),
      { name: 'one of the second 1,000 bindings, of one of the first', value: laterMs / earlierMs, unit: '×', atMost: 1.5, of: `${laterMs.toFixed(2)} against ${earlierMs.toFixed(2)} ms of CPU each` },
    ]
  },
}

export default start

function bareNodeMs(): number {
  const script = "const { user, system } = process.cpuUsage(); console.log((user + system) / 1000)"
  return Number(spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stdout)
}

async function startUsage(manifest: string, times = rounds): Promise<Usage> {
  const usages: Usage[] = []
  // The first start fills the compile cache and makes the data; it is not counted.
  await inFolder(manifest, async (directory) => {
    for (let round = 0; round <= times; round += 1) usages.push(await withPortico(directory, (_url, server) => server.usage()))
  })
  const warm = usages.slice(1)
  return { cpuMs: median(warm.map(({ cpuMs }) => cpuMs)), residentBytes: median(warm.map(({ residentBytes }) => residentBytes)) }
}

/** Of the first start, which compiles and makes the tables, and of the next one on the same file. */
function residentAtRest(manifest: string): Promise<readonly [first: number, later: number]> {
  return inFolder(manifest, async (directory) => {
    const resident = () => withPortico(directory, async (_url, server) => {
      await wait(3_000)
      return (await server.usage()).residentBytes
    })
    return [await resident(), await resident()]
  })
}

function cacheManifest(count: number): string {
  const caches = Array.from({ length: count }, (_, index) => `  cache.c${index}: { use: lru }\n`)
  return `version: 1\nname: bench\nports:\n${caches.join('')}`
}
