import type { BoundOperations } from '../binding/bound.ts'
import type { QueueOperations } from '../ports/queue/operations.ts'

/** All that a worker needs of a queue: what every driver has, and `extend` and `pause` where it is declared. */
export type WorkerOperations = Pick<BoundOperations<QueueOperations>, 'lease' | 'ack' | 'fail' | 'release' | 'extend' | 'pause'>
