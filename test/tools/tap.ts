/** What one run of a test runner reported. */
export interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** TAP's own words for a test that did not run, and for one whose failure is expected: neither passed nor failed. */
const directive = / # (?:SKIP|TODO)$/

/**
 * Counts the results of a TAP report, and holds them against the plan and the exit status of its runner.
 * A report that breaks off, that misses results of its plan, or whose runner failed without naming a failure
 * has at least one failure: a file that hangs still prints `# fail 0`.
 */
export function countTap(report: string, exitStatus: number | null): Counts {
  let passed = 0
  let failed = 0
  let skipped = 0
  let planned: number | undefined

  for (const line of report.split(/\r?\n/)) {
    const result = /^(not )?ok\b/.exec(line)
    if (result) {
      if (directive.test(line)) skipped += 1
      else if (result[1]) failed += 1
      else passed += 1
    }

    const plan = /^1\.\.(\d+)/.exec(line)
    if (plan) planned = Number(plan[1])
  }

  const missing = planned === undefined ? 1 : Math.max(0, planned - passed - failed - skipped)
  const unnamed = exitStatus !== 0 && failed + missing === 0 ? 1 : 0
  return { passed, failed: failed + missing + unnamed, skipped }
}

/** What a TAP report says of each failure: its line and the first `maxLines` of what stands below it. */
export function failuresOf(report: string, maxLines = 40): readonly string[] {
  const blocks: string[][] = []
  let current: string[] | undefined
  for (const line of report.split(/\r?\n/)) {
    if (/^(?:not )?ok\b|^1\.\./.test(line)) {
      current = line.startsWith('not ok') && !directive.test(line) ? [] : undefined
      if (current) blocks.push(current)
    }
    if (current && current.length < maxLines) current.push(line)
  }
  return blocks.map((lines) => lines.join('\n').trimEnd())
}

export function addCounts(all: readonly Counts[]): Counts {
  const sum = (field: keyof Counts) => all.reduce((total, counts) => total + counts[field], 0)
  return { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }
}

/** `12 passed, 0 failed`, and `, 3 skipped` when any was. */
export function formatCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
