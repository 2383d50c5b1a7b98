import type { MigrationPlan, MigrationReport } from '../../ports/storage/index.ts'
import type { CommonFlags } from '../options.ts'
import type { Outcome } from '../outcome.ts'
import type { Paint, Terminal } from '../terminal.ts'
import { withStorage } from '../transfer/open.ts'
import { Progress } from '../transfer/progress.ts'
import { aroundSteps, lossOf, titleOf } from './migrate-plan.ts'

export interface ApplyFlags extends CommonFlags {
  readonly allowDestructive?: boolean
  readonly edited?: readonly string[]
  readonly refill?: readonly string[]
}

/** Does what `plan` told; what only `--allow-destructive` removes is told before it goes. */
export async function migrateApply(flags: ApplyFlags, binding: string, terminal: Terminal): Promise<Outcome> {
  const progress = new Progress(terminal.progress)
  return withStorage({ ...flags, preparing: 'nothing' }, binding, terminal, async ({ storage }) => {
    const { removals } = await storage.migrationPlan()
    if (flags.allowDestructive) terminal.err(removals.map((removal) => `${lossOf(removal)}\n`).join(''))
    try {
      const report = await storage.migrate({
        allowDestructive: flags.allowDestructive ?? false, edited: flags.edited ?? [], refill: flags.refill ?? [],
        onProgress: ({ doing, records, share }) => { progress.show(doing, records, share) },
      })
      const left = flags.allowDestructive ? [] : removals
      return { status: 0, json: { ...report, left: left.map(({ statements: _, ...told }) => told) }, text: (paint) => render(report, left, paint) }
    } finally {
      progress.end()
    }
  })
}

function render({ binding, changes, steps, removals }: MigrationReport, left: MigrationPlan['removals'], paint: Paint): string {
  const { before, after } = aroundSteps(changes)
  const lines = [
    ...before.map(titleOf),
    ...steps.map(({ step, examined, changed }) => (examined > 0 ? `run the step ${step}: looked at ${examined} records, changed ${changed}` : `run the step ${step}`)),
    ...after.map(titleOf),
    ...removals.map(lossOf),
  ].map((line) => `${paint('green', 'done')}  ${line}`)
  const rest = left.map((removal) => `${paint('dim', 'left')}  only with --allow-destructive: ${lossOf(removal)}`)
  return `${[...lines, ...rest, `${binding} is what the manifest says`].join('\n')}\n`
}
