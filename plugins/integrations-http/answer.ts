import { PrivateAddress } from '../../kernel/plugin.ts'
import { PartnerFailure, type NoAnswer, type PartnerAnswer } from '../../kernel/ports/integrations/index.ts'
import { noConnection, type AnswerHead, type Received } from '../../kernel/ports/received.ts'

export interface AnswerLimits {
  readonly maxAnswerBytes: number
  readonly timeoutMs: number
  /** False after a redirect: the partner has seen the call, whatever becomes of the rest. */
  readonly isFirst: boolean
}

/** @throws PartnerFailure unless the answer is whole, or is a failure, which counts by its status however much is said about it. */
export function answerOf(received: Received, limits: AnswerLimits): PartnerAnswer {
  if (received.ended === 'whole') return told(received.head, received.text)
  const { ended, head, reached, cause } = received
  if (ended === 'tooLarge' && head && head.status >= 400) return told(head, '')
  throw new PartnerFailure({ why: whyOf[ended], reached: reached || !limits.isFirst, reason: reasonOf(ended, limits, cause) }, cause)
}

function told({ status, mediaType, retryAfterMs }: AnswerHead, text: string): PartnerAnswer {
  return { status, mediaType, text, ...(retryAfterMs !== undefined && { retryAfterMs }) }
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
    case 'unreachable': return cause instanceof PrivateAddress ? `${cause.message}, which allowPrivate does not name` : noConnection(cause)
  }
}
