import type { MigrationPlan, PlannedChange, StepState } from '../../ports/storage/index.ts'
import type { CommonFlags } from '../options.ts'
import type { Outcome } from '../outcome.ts'
import { renderTable, type Cell } from '../table.ts'
import type { Paint, Style, Terminal } from '../terminal.ts'
import { withStorage } from '../transfer/open.ts'
import { aroundSteps } from './migrate-plan.ts'

/** Looks at a backend, and changes nothing. */
export async function migrateStatus(flags: CommonFlags, binding: string, terminal: Terminal): Promise<Outcome> {
  const plan = await withStorage({ ...flags, preparing: 'nothing' }, binding, terminal, ({ storage }) => storage.migrationPlan())
  const { changes, removals, ...rest } = plan
  // The statements are what `plan` is for.
  const bare = <T extends { readonly statements: readonly string[] }>(list: readonly T[]) => list.map(({ statements: _, ...told }) => told)
  return { status: plan.pending || plan.refused ? 1 : 0, json: { ...rest, changes: bare(changes), removals: bare(removals) }, text: (paint) => render(plan, paint) }
}

const styles: Readonly<Record<StepState, Style>> = { applied: 'green', pending: 'yellow', begun: 'yellow', edited: 'red', late: 'red', gone: 'dim' }

function render(plan: MigrationPlan, paint: Paint): string {
  const { before, after } = aroundSteps(plan.changes)
  const rows: (readonly Cell[])[] = [
    ...before.map(rowOf),
    ...plan.steps.map(({ name, state, finishedAt, examined, changed }) => [
      { text: state, style: styles[state] }, name, [finishedAt, examined === undefined ? undefined : `looked at ${examined} records, changed ${changed ?? 0}`].filter((part) => part !== undefined).join(', '),
    ]),
    ...after.map(rowOf),
    ...plan.removals.map(({ what, collection, paths, records }) => [{ text: 'left', style: 'dim' as const }, `${what} ${collection}`, [paths, records > 0 ? `${records} records` : undefined, 'only with --allow-destructive'].filter((part) => part !== undefined).join(', ')]),
  ]
  const table = rows.length > 0 ? renderTable(['state', 'what', 'detail'], rows, paint) : ''
  return `${table}${verdictOf(plan, paint)}\n`
}

function rowOf({ what, collection, paths = '' }: PlannedChange): readonly Cell[] {
  return [{ text: 'pending', style: 'yellow' }, `${what} ${collection}`, paths]
}

function verdictOf({ binding, pending, refused }: MigrationPlan, paint: Paint): string {
  if (refused) return paint('red', `the step ${refused.step} ${refused.reason}`)
  return pending ? `${binding} is not what the manifest says; look closer with portico migrate plan, and do it with portico migrate apply` : paint('green', `${binding} is what the manifest says`)
}
