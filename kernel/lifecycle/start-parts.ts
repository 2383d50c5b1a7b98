import type { Deadlines } from '../binding/deadlines.ts'
import type { Instruments } from '../binding/instruments.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { ScriptFile } from '../manifest/units.ts'
import type { PlanStep } from '../plugins/plan.ts'
import type { Redaction } from '../redaction.ts'
import type { CloseStack } from './close-stack.ts'

/** What every start needs and none of them changes. */
export interface StartParts {
  /** The manifest's name. */
  readonly application: string
  readonly directory: string
  readonly log: Log
  readonly clock: Clock
  readonly closing: CloseStack
  readonly instruments: Instruments
  readonly deadlines: Deadlines
  readonly redaction: Redaction
  /** Imports a script of the application's owner. */
  readonly importScript: (script: ScriptFile) => Promise<unknown>
  /** What bindings do before calls come: all of it, only a look, or nothing, for who does it later. */
  readonly preparing: 'do' | 'look' | 'nothing'
  /** From 0 up to 1, as `Math.random`: for the jitter of retries and the faults that are rehearsed. */
  readonly random: () => number
  /** Told as each step has started, for a terminal. */
  readonly onStarted?: (step: StartedStep) => void
}

export interface StartedStep {
  readonly kind: PlanStep['kind']
  readonly name: string
  readonly plugin: string
  readonly tookMs: number
  /** Why an optional binding is not running. */
  readonly failure?: string
}
