import { writeFile } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { formatFigure, type Case, type Figure } from './figure.ts'

const names = ['start', 'in-process', 'http-read', 'http-write', 'http-cost', 'storage', 'queue', 'queue-flat', 'policy', 'cache', 'locks'] as const

/** `npm run bench`, or `npm run bench -- start http-read`: ratios of one run on one machine, not a test. */
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !names.some((known) => known === name))
if (unknown.length > 0) {
  console.error(`no such case: ${unknown.join(', ')}; there are ${names.join(', ')}`)
  process.exit(2)
}

const figures: Record<string, readonly Figure[]> = {}
for (const name of names.filter((one) => wanted.length === 0 || wanted.includes(one))) {
  const { default: measured } = (await import(`./cases/${name}.ts`)) as { readonly default: Case }
  console.log(`\n${measured.name}`)
  figures[name] = await measured.run()
  for (const figure of figures[name]) console.log(formatFigure(figure))
}

const machine = { node: process.version, platform: process.platform, cpu: cpus()[0]?.model ?? '', cores: availableParallelism() }
await writeFile('bench-results.json', `${JSON.stringify({ measuredAt: new Date().toISOString(), machine, figures }, null, 2)}\n`)
console.log('\nwrote bench-results.json')
