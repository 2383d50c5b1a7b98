import { type ScriptFile, scriptNumber } from '../../../manifest/units.ts'

/** What is kept of a step that has begun. */
export interface StepNote {
  readonly sha256: string
  readonly startedAt: string
  /** Absent while it is not through. */
  readonly finishedAt?: string
  /** The id of the last record that a data step looked at. */
  readonly after?: string
  /** How many records it looked at and changed. */
  readonly examined?: number
  readonly changed?: number
}

/**
 * `applied` · `pending` · `begun`: it goes on where it stopped · `edited`: its file is no longer what ran, or began to ·
 * `late`: it is new, and does not come after all that have run · `gone`: it has run, and there is no such file any more.
 */
export type StepState = 'applied' | 'pending' | 'begun' | 'edited' | 'late' | 'gone'

export interface StepStanding {
  readonly name: string
  readonly state: StepState
  readonly file?: ScriptFile
  readonly note?: StepNote
}

/** How each step stands, in their order. `edits`: steps that are not through and may go on in the words they have now. */
export function standingsOf(files: readonly ScriptFile[], notes: ReadonlyMap<string, StepNote>, edits: ReadonlySet<string> = new Set()): readonly StepStanding[] {
  const last = Math.max(-1, ...Array.from(notes.keys(), scriptNumber))
  const present = files.map((file): StepStanding => {
    const note = notes.get(file.name)
    return { name: file.name, file, ...(note && { note }), state: stateOf(file, note, last, edits) }
  })
  const names = new Set(files.map(({ name }) => name))
  const gone = Array.from(notes).filter(([name]) => !names.has(name)).map(([name, note]): StepStanding => ({ name, note, state: 'gone' }))
  return [...present, ...gone].sort((a, b) => scriptNumber(a.name) - scriptNumber(b.name))
}

function stateOf(file: ScriptFile, note: StepNote | undefined, last: number, edits: ReadonlySet<string>): StepState {
  // With the number of one that ran it may be that step by another name.
  if (!note) return scriptNumber(file.name) <= last ? 'late' : 'pending'
  const through = note.finishedAt !== undefined
  if (note.sha256 !== file.sha256 && (through || !edits.has(file.name))) return 'edited'
  return through ? 'applied' : 'begun'
}

/** Why the steps cannot go on; undefined when they can. */
export function refusalOf(standings: readonly StepStanding[]): { readonly step: string; readonly reason: string } | undefined {
  for (const { name, state, note } of standings) {
    if (state === 'late') return { step: name, reason: lateness(standings.find((other) => other.state === 'gone' && scriptNumber(other.name) === scriptNumber(name))?.name) }
    if (state !== 'edited') continue
    return {
      step: name,
      reason: note?.finishedAt === undefined
        ? `was edited after it changed ${note?.changed ?? 0} records; put back what it was, or let it go on in its new words: portico migrate apply --edited ${name}`
        : `was edited after it ran (${note.finishedAt}); put back what it was, and write what is new into a step of its own`,
    }
  }
  return undefined
}

/** `gone`: the step that ran under the number. */
function lateness(gone: string | undefined): string {
  if (gone !== undefined) return `has the number of ${gone}, which began here and is gone; if it is the same step, give it that name again, and if not, a number after the last one`
  return 'is new, and comes before a step that has run; give it a number after the last one'
}

/** The steps that are still to run, in their order. */
export function stepsToRun(standings: readonly StepStanding[]): readonly (StepStanding & { readonly file: ScriptFile })[] {
  return standings.filter((one): one is StepStanding & { readonly file: ScriptFile } => one.file !== undefined && (one.state === 'pending' || one.state === 'begun'))
}
