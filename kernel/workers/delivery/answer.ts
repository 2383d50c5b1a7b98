import { type AnswerHead, noConnection, type Received } from '../../ports/received.ts'
import { PrivateAddress } from '../../addresses.ts'

/** What the receiver said; a status is an answer however its body ended. */
export interface Answer {
  readonly status: number
  /** The whole body of one that says to be JSON, when it came in time and within the bound. */
  readonly json?: string
  readonly retryAfterMs?: number
}

/** Why there was no answer. */
export class NoAnswer extends Error {
  readonly code: 'QUEUE_PUSH_TIMEOUT' | 'QUEUE_PUSH_UNREACHABLE' | 'QUEUE_PUSH_LOST' | 'QUEUE_PUSH_PRIVATE_ADDRESS'

  constructor(code: NoAnswer['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** @throws NoAnswer when no status came in `timeoutMs`. */
export function answerOf(received: Received, timeoutMs: number): Answer {
  if (received.ended === 'whole') return told(received.head, received.text)
  if (!received.head) throw noAnswer(received, timeoutMs)
  return told(received.head, '')
}

function told({ status, mediaType, retryAfterMs }: AnswerHead, text: string): Answer {
  const isJson = text !== '' && /^application\/(?:[a-z0-9.+-]+\+)?json$/.test(mediaType)
  return { status, ...(isJson && { json: text }), ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

function noAnswer({ ended, cause }: Exclude<Received, { readonly ended: 'whole' }>, timeoutMs: number): NoAnswer {
  if (cause instanceof PrivateAddress) return new NoAnswer('QUEUE_PUSH_PRIVATE_ADDRESS', `${cause.message}; write its address in the manifest, or say allowPrivate: true`)
  if (ended === 'timeout') return new NoAnswer('QUEUE_PUSH_TIMEOUT', `there was no answer in ${timeoutMs} ms`)
  if (ended === 'unreachable') return new NoAnswer('QUEUE_PUSH_UNREACHABLE', noConnection(cause))
  return new NoAnswer('QUEUE_PUSH_LOST', ended === 'givenUp' ? 'the request was given up' : 'the connection was lost before there was an answer')
}
