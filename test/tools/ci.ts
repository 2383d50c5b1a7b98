import { spawn } from 'node:child_process'
import { glob } from 'node:fs/promises'
import { addCounts, countTap, failuresOf, formatCounts, type Counts } from './tap.ts'

interface Step {
  readonly title: string
  readonly command: readonly [string, ...string[]]
  /** A test runner, whose TAP report is counted. */
  readonly tests?: boolean
}

interface Ended {
  readonly step: Step
  readonly exitStatus: number | null
  readonly counts?: Counts
  readonly failures: readonly string[]
}

const steps: readonly Step[] = [
  { title: 'npm test', command: ['npm', 'test', '--', '--tap'], tests: true },
  { title: 'types', command: ['npm', 'run', 'typecheck'] },
  { title: 'lint and dependency rules', command: ['npm', 'run', 'lint'] },
  { title: 'packed package', command: ['npm', 'run', 'test:package', '--', '--tap'], tests: true },
]

/** Runs every step, also after one that failed, so that one run tells all. */
async function runAll(): Promise<readonly Ended[]> {
  const ended: Ended[] = []
  for (const step of [...steps, ...(await optionalSteps())]) {
    const startedAt = Date.now()
    console.log(`\n## ${step.title}`)
    const { exitStatus, report } = await run(step)
    console.log(`## ${step.title}: exit ${exitStatus ?? 'by a signal'}, ${Math.round((Date.now() - startedAt) / 1000)} s`)
    ended.push({ step, exitStatus, failures: step.tests ? failuresOf(report) : [], ...(step.tests && { counts: countTap(report, exitStatus) }) })
  }
  return ended
}

/** The runs that need more than this package; none while they have no test file. */
async function optionalSteps(): Promise<readonly Step[]> {
  const found: Step[] = []
  for (const name of ['services', 'faults']) {
    const first = await glob(`test/${name}/**/*.test.ts`).next()
    if (!first.done) found.push({ title: name, command: ['npm', 'run', `test:${name}`, '--', '--tap'], tests: true })
  }
  return found
}

function run({ command: [program, ...args] }: Step): Promise<{ exitStatus: number | null; report: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { FAULTS: 'small', ...process.env } })
    let report = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      report += text
      process.stdout.write(text)
    })
    child.on('error', reject)
    child.on('close', (exitStatus) => resolve({ exitStatus, report }))
  })
}

const ended = await runAll()
const counts = addCounts(ended.flatMap((step) => step.counts ?? []))
const failedSteps = ended.filter(({ exitStatus }) => exitStatus !== 0).map(({ step }) => step.title)

// Again at the end: what is kept of a long run is often its end alone.
for (const { step, failures } of ended) for (const failure of failures) console.log(`\n## failed in ${step.title}\n${failure}`)
console.log(failedSteps.length > 0 ? `\nfailed: ${failedSteps.join(', ')}` : '')
console.log(formatCounts(counts))
process.exitCode = failedSteps.length > 0 || counts.failed > 0 || counts.passed === 0 ? 1 : 0
