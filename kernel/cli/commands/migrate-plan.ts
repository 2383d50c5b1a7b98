import type { MigrationPlan, PlannedChange, PlannedRemoval } from '../../ports/storage/index.ts'
import type { CommonFlags } from '../options.ts'
import type { Outcome } from '../outcome.ts'
import type { Paint, Terminal } from '../terminal.ts'
import { withStorage } from '../transfer/open.ts'

/** What `apply` would do, statement by statement; changes nothing. */
export async function migratePlan(flags: CommonFlags, binding: string, terminal: Terminal): Promise<Outcome> {
  const plan = await withStorage({ ...flags, preparing: 'nothing' }, binding, terminal, ({ storage }) => storage.migrationPlan())
  return { status: 0, json: plan, text: (paint) => render(plan, paint) }
}

/** Comments are those of SQL, so that the text can be kept as a script. */
function render({ binding, changes, steps, removals, refused }: MigrationPlan, paint: Paint): string {
  const { before, after } = aroundSteps(changes)
  const parts = [
    ...before.map((change) => section(titleOf(change), change.statements, paint)),
    ...steps.filter(({ state }) => state === 'pending' || state === 'begun').map(({ name, state }) => section(state === 'begun' ? `go on with the step ${name}` : `run the step ${name}`, [], paint)),
    ...after.map((change) => section(titleOf(change), change.statements, paint)),
    ...removals.map((removal) => section(`only with --allow-destructive: ${lossOf(removal)}`, removal.statements, paint)),
  ]
  const verdict = refused ? [paint('red', `-- the step ${refused.step} ${refused.reason}`)] : parts.length === 0 ? [`-- nothing is to be done: ${binding} is what the manifest says`] : []
  return `${[...parts, ...verdict].join('\n')}\n`
}

/** The changes that are made before the steps, and those after them. */
export function aroundSteps<T extends Pick<PlannedChange, 'afterSteps'>>(changes: readonly T[]): { readonly before: readonly T[]; readonly after: readonly T[] } {
  return { before: changes.filter(({ afterSteps }) => !afterSteps), after: changes.filter(({ afterSteps }) => afterSteps) }
}

export function titleOf({ what, collection, paths }: Pick<PlannedChange, 'what' | 'collection' | 'paths'>): string {
  return [what, collection, paths].filter((part) => part !== undefined).join(' ')
}

/** A removal with what is lost by it. */
export function lossOf(removal: Pick<PlannedRemoval, 'what' | 'collection' | 'paths' | 'records'>): string {
  const { records } = removal
  return `${titleOf(removal)}: ${records === 0 ? 'no record is lost' : records === 1 ? '1 record is lost' : `${records} records are lost`}`
}

function section(title: string, statements: readonly string[], paint: Paint): string {
  return [paint('dim', `-- ${title}`), ...statements.map((statement) => (statement.startsWith('--') ? statement : `${statement};`))].join('\n')
}
