import { PartnerFailure, type NoAnswer, type PartnerAnswer } from '../../kernel/ports/integrations/index.ts'
import { noConnection, type Received } from '../../kernel/ports/received.ts'

export interface AnswerLimits {
  readonly maxAnswerBytes: number
  readonly timeoutMs: number
}

/** @throws PartnerFailure unless the answer is whole, or is a failure, which counts by its status however much is said about it. */
export function answerOf(received: Received, limits: AnswerLimits): PartnerAnswer {
  if (received.ended === 'whole') return { ...received.head, text: received.text }
  const { ended, head, reached, cause } = received
  if (ended === 'tooLarge' && head && head.status >= 400) return { ...head, text: '' }
  throw new PartnerFailure({ why: whyOf[ended], reached, reason: reasonOf(ended, limits, cause) }, cause)
}

type Ended = Exclude<Received['ended'], 'whole'>

const whyOf: Readonly<Record<Ended, NoAnswer['why']>> = {
  tooLarge: 'unreadable', notUtf8: 'unreadable', timeout: 'timeout', givenUp: 'timeout', lost: 'lost', unreachable: 'unreachable',
}

function reasonOf(ended: Ended, { maxAnswerBytes, timeoutMs }: AnswerLimits, cause: Error | undefined): string {
  switch (ended) {
    case 'tooLarge': return `is larger than ${maxAnswerBytes} bytes`
    case 'notUtf8': return 'is not UTF-8'
    case 'timeout': return `there was no whole answer in ${Math.round(timeoutMs)} ms`
    case 'givenUp': return 'the call was given up'
    case 'lost': return 'the connection was lost before the answer was whole'
    case 'unreachable': return noConnection(cause)
  }
}
