import type { Deadlines } from '../binding/deadlines.ts'
import type { Instruments } from '../binding/instruments.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { PlanStep } from '../plugins/plan.ts'
import type { Redaction } from '../redaction.ts'
import type { CloseStack } from './close-stack.ts'

/** What every start needs and none of them changes. */
export interface StartParts {
  readonly directory: string
  readonly log: Log
  readonly clock: Clock
  readonly closing: CloseStack
  readonly instruments: Instruments
  readonly deadlines: Deadlines
  readonly redaction: Redaction
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
