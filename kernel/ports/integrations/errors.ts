import { errorsOf, type ErrorTable } from '../../errors.ts'
import type { Json } from '../../json.ts'

interface At {
  readonly binding: string
  readonly operation: string
}

export const integrationErrors = {
  INTEGRATION_NOT_FOUND: {
    status: 404, retryable: false, title: 'No such operation',
    detail: (at: At) =>
      `${at.binding} declares no operation ${at.operation}; add \`${at.operation}: { method: POST, path: /… }\` to ports.${at.binding}.operations in the manifest`,
  },
  INTEGRATION_INPUT_INVALID: {
    status: 422, retryable: false, title: 'Input breaks its schema',
    detail: (at: At) => `the input of ${at.binding}.${at.operation} does not fit the operation`,
  },
  INTEGRATION_BAD_ANSWER: {
    status: 502, retryable: false, title: 'Bad answer',
    detail: (at: At & { reason: string }) => `the partner's answer to ${at.binding}.${at.operation} ${at.reason}`,
  },
  INTEGRATION_PARTNER_REFUSED: {
    status: 502, retryable: false, ofCaller: true, title: 'Refused by the partner',
    detail: (at: At & { partnerStatus: number; partnerCode?: string; answer: Json }) =>
      `the partner refused ${at.binding}.${at.operation} with ${at.partnerStatus}${at.partnerCode === undefined ? '' : ` (${at.partnerCode})`}`,
  },
  INTEGRATION_PARTNER_FAILED: {
    status: 502, retryable: true, title: 'The partner failed',
    detail: (at: At & { reason: string; partnerStatus?: number; partnerCode?: string }) => `${at.binding}.${at.operation}: the partner ${at.reason}`,
  },
  INTEGRATION_MAYBE_APPLIED: {
    status: 502, retryable: false, title: 'The partner failed, perhaps after applying it',
    detail: (at: At & { reason: string; partnerStatus?: number }) => `${at.binding}.${at.operation} is not idempotent, and the partner ${at.reason}: it may have been applied`,
  },
  INTEGRATION_UNREACHABLE: {
    status: 503, retryable: true, title: 'The partner cannot be reached',
    detail: (at: At & { reason: string }) => `${at.binding}.${at.operation} was not sent: ${at.reason}`,
  },
  INTEGRATION_TIMEOUT: {
    status: 504, retryable: true, title: 'The partner is too slow',
    detail: (at: At) => `the partner did not answer ${at.binding}.${at.operation} in time`,
  },
  INTEGRATION_OUTCOME_UNKNOWN: {
    status: 504, retryable: false, title: 'Outcome unknown',
    detail: (at: At & { reason: string }) => `${at.binding}.${at.operation} is not idempotent and ${at.reason}: it may have been applied`,
  },
  INTEGRATION_NO_ANSWER_KEPT: {
    status: 503, retryable: true, title: 'No answer to give',
    detail: (at: At & { reason: string }) => `${at.binding}.${at.operation} is not answered: ${at.reason}`,
  },
  INTEGRATION_NOT_RECORDED: {
    status: 501, retryable: false, ofCaller: true, title: 'Not in the recording',
    detail: ({ binding, operation, nearestLine, recorded }: At & { nearestLine?: number; recorded: readonly string[] }) =>
      nearestLine !== undefined ? `the recording of ${binding} has no exchange of ${operation} with this input; the nearest is line ${nearestLine}, which differs as \`errors\` say`
        : `the recording of ${binding} has no exchange of ${operation}; it has ${recorded.length === 0 ? 'none at all' : recorded.join(', ')}`,
  },
  INTEGRATION_OUTBOX_FULL: {
    status: 507, retryable: true, title: 'Disk full',
    detail: (at: At) => `the disk under the outbox of ${at.binding} is full: ${at.operation} was not accepted`,
  },
  INTEGRATION_OUTBOX_FAILED: {
    status: 503, retryable: true, title: 'The outbox cannot be written',
    detail: (at: At) => `the outbox of ${at.binding} cannot be written: ${at.operation} was not accepted`,
  },
  INTEGRATION_OUTBOX_TAKEN: {
    status: 503, retryable: true, title: 'The outbox is in use',
    detail: ({ binding, directory, holder }: { binding: string; directory: string; holder: string; pid?: number }) =>
      `the outbox of ${binding} in ${directory} belongs to ${holder}: one process at a time keeps and hands over the calls of a folder; give this one a \`directory\` of its own, or end the other one first`,
  },
  INTEGRATION_OUTBOX_UNUSABLE: {
    status: 503, retryable: false, title: 'The outbox cannot be used',
    detail: ({ binding, directory, reason }: { binding: string; directory: string; reason: string }) => `the outbox of ${binding} in ${directory} cannot be opened: ${reason}`,
  },
  INTEGRATION_INBOUND_NOT_DECLARED: {
    status: 404, retryable: false, title: 'No inbound messages',
    detail: (at: { binding: string }) => `${at.binding} takes no messages; add \`inbound: { verify: { … }, to: { queue: … } }\` to ports.${at.binding} in the manifest`,
  },
  INTEGRATION_INBOUND_REFUSED: {
    status: 401, retryable: false, title: 'Not a message of the partner',
    detail: (at: { binding: string; reason: string }) => `the message to ${at.binding} ${at.reason}`,
  },
  INTEGRATION_INBOUND_REPLAYED: {
    status: 409, retryable: false, title: 'Message taken already',
    detail: (at: { binding: string }) => `this very message to ${at.binding} was taken before; one that is sent again is signed again`,
  },
  INTEGRATION_INBOUND_INVALID: {
    status: 422, retryable: false, title: 'Message cannot be taken',
    detail: (at: { binding: string; reason: string }) => `the message to ${at.binding} ${at.reason}`,
  },
  INTEGRATION_INBOUND_NOT_TAKEN: {
    status: 503, retryable: true, title: 'Message not taken',
    detail: (at: { binding: string }) => `the message to ${at.binding} is good and could not be taken now; send it again`,
  },
} as const satisfies ErrorTable

export const integrationError = errorsOf(integrationErrors)
