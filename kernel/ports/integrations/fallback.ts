import { isPorticoError, type PorticoError } from '../../errors.ts'
import type { PortFallback } from '../definition.ts'
import type { CallInput, CallOutput } from './operations.ts'
import { partnerOf } from './real.ts'

type Cause = 'open' | 'busy' | 'timeout' | 'unreachable' | 'lost' | '5xx'

/**
 * Only what surely did not happen, or may happen twice: these codes are thrown for nothing else. A call that is not
 * idempotent and was late has INTEGRATION_OUTCOME_UNKNOWN, which no fallback answers.
 */
const causes: Readonly<Record<string, (error: PorticoError) => Cause>> = {
  CALL_CIRCUIT_OPEN: () => 'open',
  CALL_BULKHEAD_FULL: () => 'busy',
  CALL_DEADLINE_EXCEEDED: () => 'timeout',
  CHAOS_INJECTED: () => '5xx',
  INTEGRATION_TIMEOUT: () => 'timeout',
  INTEGRATION_UNREACHABLE: () => 'unreachable',
  INTEGRATION_PARTNER_FAILED: ({ details }) => {
    const status = 'partnerStatus' in details ? details.partnerStatus : undefined
    return status === undefined ? 'lost' : status === 429 ? 'busy' : '5xx'
  },
}

/** An outbox that kept nothing: the next one may do it. */
const keptNothing: ReadonlySet<string> = new Set(['INTEGRATION_OUTBOX_FULL', 'INTEGRATION_OUTBOX_FAILED'])

/** A driver that has nothing to answer with: the next one may. */
const noAnswer = 'INTEGRATION_NO_ANSWER_KEPT'

export const integrationFallback: PortFallback = {
  causes: {
    open: "the circuit of the binding's policy is open",
    busy: "the policy's bulkhead is full, or the partner answered 429",
    timeout: 'the partner is late, and a repeat does no harm',
    unreachable: 'no connection to it could be made',
    lost: 'the connection was lost before the answer, and a repeat does no harm',
    '5xx': 'it answered with a failure of its own, and a repeat does no harm',
  } satisfies Readonly<Record<Cause, string>>,
  when: (error) => causeOf(error) !== undefined || (isPorticoError(error) && keptNothing.has(error.code)),
  causeOf,
  passes: (error) => isPorticoError(error) && error.code === noAnswer,
  // The input of `call` was checked; nothing else is kept.
  straightTo: (own, operation, input) => (operation === 'call' ? partnerOf(own)?.behindWhom((input as CallInput).operation) : undefined),
  // The output of `call`, from the fallback's own meaning.
  mark: (output) => ({ ...(output as CallOutput), degraded: true }),
}

function causeOf(error: unknown): Cause | undefined {
  return isPorticoError(error) ? causes[error.code]?.(error) : undefined
}
