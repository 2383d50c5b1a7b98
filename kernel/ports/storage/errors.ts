import { errorsOf, type ErrorTable } from '../../errors.ts'

interface At {
  readonly collection: string
  readonly id: string
}

export const storageErrors = {
  STORAGE_COLLECTION_NOT_FOUND: {
    status: 404, retryable: false, title: 'No such collection',
    detail: (at: { binding: string; collection: string }) => `${at.binding} has no collection ${at.collection}; add to the manifest: ports.${at.binding}.collections: { ${at.collection}: {} }`,
  },
  STORAGE_VIEW_NOT_FOUND: {
    status: 404, retryable: false, title: 'No such view',
    detail: (at: { binding: string; view: string }) => `${at.binding} has no view ${at.view}; add to the manifest: ports.${at.binding}.views: { ${at.view}: { from: <collection> } }`,
  },
  STORAGE_NOT_FOUND: {
    status: 404, retryable: false, title: 'Not found',
    detail: (at: At) => `there is no ${at.collection}/${at.id}`,
  },
  STORAGE_VERSION_CONFLICT: {
    status: 412, retryable: false, title: 'Version conflict',
    detail: (at: At) => `${at.collection}/${at.id} is at another version`,
  },
  STORAGE_ALREADY_EXISTS: {
    status: 409, retryable: false, title: 'Already exists',
    detail: (at: At) => `${at.collection}/${at.id} exists already`,
  },
  STORAGE_NOT_UNIQUE: {
    status: 409, retryable: false, title: 'Not unique',
    detail: (at: At & { paths: string }) => `another record of ${at.collection} has the same ${at.paths}`,
  },
  STORAGE_VALUE_INVALID: {
    status: 422, retryable: false, title: 'Value breaks the schema',
    detail: (at: { collection: string }) => `the value breaks the schema of ${at.collection}`,
  },
  STORAGE_KEY_TOO_LONG: {
    status: 422, retryable: false, title: 'Indexed string too long',
    detail: (at: { collection: string; path: string; maxBytes: number }) => `${at.path} of ${at.collection} is indexed: a string there is at most ${at.maxBytes} bytes of UTF-8`,
  },
  STORAGE_TOO_LARGE: {
    status: 413, retryable: false, title: 'Document too large',
    detail: (at: { collection: string; maxBytes: number }) => `a document of ${at.collection} is at most ${at.maxBytes} bytes of JSON`,
  },
  STORAGE_BAD_CURSOR: {
    status: 400, retryable: false, title: 'Bad cursor',
    detail: (at: { collection: string }) => `\`after\` is no cursor of this query on ${at.collection}; where and orderBy must be those of the page it came with`,
  },
  STORAGE_NEEDS_INDEX: {
    status: 400, retryable: false, title: 'Needs an index',
    detail: (at: { collection: string; reason: string; declare: string; table?: string }) => at.table === undefined
      ? `${at.reason}; declare an index for it: collections: { ${at.collection}: { indexes: [${at.declare}] } }`
      : `${at.reason}; ask for less of the table ${at.table}: a condition narrows where an index of the table begins with its column, and \`indexes\` of ${at.collection} names that index (such as one on ${at.declare})`,
  },
  STORAGE_VALUE_UNMAPPED: {
    status: 422, retryable: false, title: 'No place in the table',
    detail: (at: { collection: string; table: string; first: string }) => `the table ${at.table} cannot keep this record of ${at.collection}: ${at.first}`,
  },
  STORAGE_RULE_BROKEN: {
    status: 422, retryable: false, title: 'Refused by a rule of the table',
    detail: (at: At & { rule: string }) => `the table of ${at.collection}/${at.id} does not take this: ${at.rule}`,
  },
  STORAGE_ROW_UNMAPPED: {
    status: 500, retryable: false, title: 'No record in this row',
    detail: (at: { collection: string; table: string; id: string; reason: string }) => `the row ${at.id} of ${at.table} is no record of ${at.collection}: ${at.reason}`,
  },
  STORAGE_TABLE_UNMAPPED: {
    status: 500, retryable: false, title: 'Table does not fit its mapping',
    detail: (at: { problems: string }) => at.problems,
  },
  STORAGE_UNIT_TOO_LARGE: {
    status: 400, retryable: false, title: 'Unit of work too large',
    detail: (at: { binding: string; max: string }) => `a unit of work of ${at.binding} holds at most ${at.max}`,
  },
  STORAGE_UNIT_REQUIRED: {
    status: 400, retryable: false, title: 'Unit of work required',
    detail: (at: { collection: string; operation: string }) => `${at.operation} of a repository of ${at.collection} needs a unit of work: storage.unit(async (unit) => { … repository.${at.operation}(aggregate, { unit }) })`,
  },
  STORAGE_AGGREGATE_UNKNOWN: {
    status: 400, retryable: false, title: 'Aggregate unknown',
    detail: (at: { collection: string; operation: string }) => `${at.operation}: this aggregate was neither read nor added through this repository of ${at.collection}; read it in the unit, add it, or give its \`id\` and \`ifVersion\``,
  },
  STORAGE_CONTENDED: {
    status: 503, retryable: true, title: 'Changed meanwhile',
    detail: (at: At) => `${at.collection}/${at.id} was changed by others at the same time`,
  },
  STORAGE_OUTCOME_UNKNOWN: {
    status: 504, retryable: false, title: 'Outcome unknown',
    detail: (at: { binding: string }) => `the connection of ${at.binding} was lost while it committed: the write may or may not be there; read it, or repeat it with the same Idempotency-Key`,
  },
  STORAGE_FULL: {
    status: 507, retryable: true, title: 'Storage full',
    detail: (at: { binding: string; maxBytes: number }) => `the documents of ${at.binding} would take more than the ${at.maxBytes} bytes that they may; reads go on, writes work again when some are deleted or have expired`,
  },
  STORAGE_KEY_REUSED: {
    status: 422, retryable: false, title: 'Idempotency key used before',
    detail: (at: { operation: string }) => `this Idempotency-Key came with another ${at.operation} in the last 24 hours; take a new key for a new write`,
  },
  LOCK_FENCED: {
    status: 409, retryable: false, title: 'Fenced off',
    detail: (at: { lock: string }) => `a later holder of the lock ${at.lock} has written already; this one's time was over, and nothing was written`,
  },
  STORAGE_TABLE_FOREIGN: {
    status: 500, retryable: false, title: 'Not a table of Portico',
    detail: (at: { table: string; missing: string }) => `the table ${at.table} is there and lacks ${at.missing}: another program's, it seems; name the collection otherwise, or move that table away`,
  },
  STORAGE_INDEX_NOT_FILLED: {
    status: 500, retryable: false, title: 'Index cannot be filled',
    detail: (at: { records: string; paths: string; reason: string }) => `the index [${at.paths}] cannot be filled: ${at.records} ${at.reason}`,
  },
  STORAGE_MIGRATIONS_PENDING: {
    status: 500, retryable: false, title: 'Migrations are pending',
    detail: (at: { binding: string; pending: string }) => `${at.binding} has \`migrate: manual\`, and its backend is not what the manifest says; look with \`portico migrate plan ${at.binding}\`, and do it with \`portico migrate apply ${at.binding}\`: ${at.pending}`,
  },
  STORAGE_MIGRATION_REFUSED: {
    status: 500, retryable: false, title: 'Migration step refused',
    detail: (at: { step: string; reason: string }) => `the step ${at.step} ${at.reason}`,
  },
  STORAGE_MIGRATION_FAILED: {
    status: 500, retryable: false, title: 'Migration step failed',
    detail: (at: { step: string; reason: string }) => `the step ${at.step} failed${at.reason}; what it had done before is kept, and it goes on from there`,
  },
} as const satisfies ErrorTable

export const storageError = errorsOf(storageErrors)
