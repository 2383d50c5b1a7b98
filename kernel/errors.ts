/** One thing that is wrong with an input: where (a JSON pointer) and what. */
export interface FieldError {
  readonly path: string
  readonly message: string
}

/** The words and the status of one error code; the thrower gives only the data (`At`). */
export interface ErrorSpec<At> {
  /** The HTTP status (RFC 9457 `status`). */
  readonly status: number
  readonly title: string
  /** Whether the same call may succeed when it is made again unchanged. */
  readonly retryable: boolean
  readonly detail: (at: At) => string
  /** True where a 5xx tells of the caller's mistake, and nothing of how the backend is. */
  readonly ofCaller?: true
}

export type ErrorTable = Readonly<Record<string, ErrorSpec<never>>>

export interface ErrorExtras {
  readonly cause?: unknown
  readonly errors?: readonly FieldError[]
  readonly retryAfterMs?: number
  /** What the manifest calls this failure. */
  readonly reason?: string
  /** What the manifest has it answered with, in place of the status of its code: a 4xx. */
  readonly status?: number
}

const brand = Symbol.for('portico.error')

/** Every failure that leaves a port or the kernel. Its class follows from the area of its code. */
export class PorticoError extends Error {
  readonly code: string
  readonly status: number
  readonly title: string
  readonly retryable: boolean
  readonly retryAfterMs?: number
  readonly ofCaller: boolean
  /** The name that the manifest gives this failure, such as the code of a partner's error answer. */
  readonly reason?: string
  readonly details: object
  readonly errors: readonly FieldError[]
  readonly [brand] = true

  constructor(code: string, spec: ErrorSpec<never>, details: object, extras: ErrorExtras = {}) {
    super((spec.detail as (at: object) => string)(details), extras.cause === undefined ? undefined : { cause: extras.cause })
    this.name = new.target.name
    this.code = code
    this.status = extras.status ?? spec.status
    this.title = spec.title
    this.retryable = spec.retryable
    this.ofCaller = spec.ofCaller ?? false
    this.details = details
    this.errors = extras.errors ?? []
    if (extras.retryAfterMs !== undefined) this.retryAfterMs = extras.retryAfterMs
    if (extras.reason !== undefined) this.reason = extras.reason
  }
}

export class ManifestError extends PorticoError {}
export class PluginError extends PorticoError {}
export class DatabaseError extends PorticoError {}
export class PoolExhaustedError extends DatabaseError {}
export class StorageError extends PorticoError {}
export class ConflictError extends StorageError {}
export class NotFoundError extends StorageError {}
export class MessagingError extends PorticoError {}
export class LeaseLostError extends MessagingError {}
export class CacheError extends PorticoError {}
export class ObjectError extends PorticoError {}
export class IntegrationError extends PorticoError {}
export class SecurityError extends PorticoError {}

type ErrorClass = new (...parts: ConstructorParameters<typeof PorticoError>) => PorticoError

const classByCode: Readonly<Record<string, ErrorClass>> = {
  DATABASE_POOL_EXHAUSTED: PoolExhaustedError,
  STORAGE_NOT_FOUND: NotFoundError,
  STORAGE_VERSION_CONFLICT: ConflictError,
  STORAGE_ALREADY_EXISTS: ConflictError,
  STORAGE_NOT_UNIQUE: ConflictError,
  QUEUE_LEASE_LOST: LeaseLostError,
}

const classByArea: Readonly<Record<string, ErrorClass>> = {
  MANIFEST: ManifestError,
  PLUGIN: PluginError,
  DATABASE: DatabaseError,
  STORAGE: StorageError,
  UNIT: StorageError,
  LOCK: StorageError,
  QUEUE: MessagingError,
  CACHE: CacheError,
  OBJECT: ObjectError,
  INTEGRATION: IntegrationError,
  ACCESS: SecurityError,
  SECURITY: SecurityError,
}

/** What a detail takes: its data, or nothing but `{}`. */
type DataOf<Detail extends (at: never) => string> = Detail extends () => string ? Readonly<Record<never, never>> : Parameters<Detail>[0] & object

/**
 * The thrower of one table: `throw storageError('STORAGE_NOT_FOUND', { collection, id })`.
 * A code that the table does not declare, or data its detail does not take, does not compile.
 */
export function errorsOf<T extends ErrorTable>(table: T) {
  return <C extends keyof T & string>(code: C, at: DataOf<T[C]['detail']>, extras?: ErrorExtras): PorticoError => {
    const spec = table[code]
    if (!spec) throw new TypeError(`error code ${code} is not declared`)
    const Class = classByCode[code] ?? classByArea[code.slice(0, code.indexOf('_'))] ?? PorticoError
    return new Class(code, spec, at, extras)
  }
}

/** True for an error of this kernel, also when it was made by another copy of the package (a plugin's own). */
export function isPorticoError(error: unknown): error is PorticoError {
  return typeof error === 'object' && error !== null && brand in error
}

/** What only the kernel itself throws. Each port declares its own table beside its operations. */
export const kernelErrors = {
  INPUT_INVALID: {
    status: 400, retryable: false, title: 'Invalid input',
    detail: (at: { operation: string }) => `the input of ${at.operation} is not valid`,
  },
  CALL_DEADLINE_EXCEEDED: {
    status: 504, retryable: true, title: 'Deadline exceeded',
    detail: (at: { operation: string; timeoutMs: number }) => `${at.operation} did not end within ${at.timeoutMs} ms`,
  },
  CALL_ABORTED: {
    status: 499, retryable: true, title: 'Call aborted',
    detail: (at: { operation: string }) => `${at.operation} was aborted by its caller`,
  },
  CALL_OUTCOME_UNKNOWN: {
    status: 504, retryable: false, title: 'Outcome unknown',
    detail: (at: { operation: string; timeoutMs: number }) => `${at.operation} did not answer within ${at.timeoutMs} ms; it may have been applied`,
  },
  CALL_CIRCUIT_OPEN: {
    status: 503, retryable: true, title: 'Circuit open',
    detail: (at: { operation: string; policy: string }) => `${at.operation} was not made: its backend has failed too often of late, and the circuit of the policy ${at.policy} is open`,
  },
  CALL_BULKHEAD_FULL: {
    status: 503, retryable: true, title: 'Bulkhead full',
    detail: (at: { operation: string; policy: string }) => `${at.operation} was not made: as many calls as the policy ${at.policy} allows are being made, and wait`,
  },
  CHAOS_INJECTED: {
    status: 503, retryable: true, title: 'Fault injected',
    detail: (at: { operation: string }) => `${at.operation} failed because the manifest's chaos says so`,
  },
  BINDING_NOT_FOUND: {
    status: 404, retryable: false, title: 'No such binding',
    detail: (at: { binding: string; remedy: string }) => `the manifest declares no binding ${at.binding}; ${at.remedy}`,
  },
  BINDING_UNAVAILABLE: {
    status: 503, retryable: true, title: 'Binding unavailable',
    detail: (at: { binding: string }) => `${at.binding} is not available`,
  },
  UNIT_OF_WORK_FOREIGN: {
    status: 400, retryable: false, title: 'Foreign unit of work',
    detail: (at: { binding: string; first: string }) => `${at.binding} does not stand on the same connection as ${at.first}; let both stand \`on\` one connection`,
  },
  UNIT_OF_WORK_ENDED: {
    status: 400, retryable: false, title: 'Unit of work ended',
    detail: (at: { binding: string }) => `the unit of work was already committed or given up when ${at.binding} used it`,
  },
  KERNEL_DRAINING: {
    status: 503, retryable: true, title: 'Shutting down',
    detail: () => 'the server is shutting down',
  },
  KERNEL_BUG: {
    status: 500, retryable: false, title: 'Internal error',
    detail: (at: { where: string }) => `an unexpected error in ${at.where}; see the log under this trace id`,
  },
  MANIFEST_INVALID: {
    status: 500, retryable: false, title: 'Invalid manifest',
    detail: (at: { report: string; problems?: readonly object[] }) => at.report,
  },
  PLUGIN_START_FAILED: {
    status: 500, retryable: false, title: 'Start failed',
    detail: (at: { binding: string; plugin: string; reason: string }) => `${at.binding} (${at.plugin}) could not start: ${at.reason}`,
  },
  PLUGIN_START_TIMEOUT: {
    status: 500, retryable: false, title: 'Start timed out',
    detail: (at: { binding: string; plugin: string; timeoutMs: number }) => `${at.binding} (${at.plugin}) did not start within ${at.timeoutMs} ms`,
  },
  PLUGIN_SDK_MISSING: {
    status: 500, retryable: false, title: 'Package missing',
    detail: (at: { plugin: string; sdk: string; range: string }) => `${at.plugin} needs the package ${at.sdk}: npm install ${at.sdk}@${at.range}`,
  },
} as const satisfies ErrorTable

export const kernelError = errorsOf(kernelErrors)

/** What was asked for, of which binding, and what its driver would have to be able to do. */
export interface Missing {
  readonly binding: string
  readonly what: string
  readonly capability: string
}

/** The words of `<PORT>_UNSUPPORTED`; every port has that code, so none declares it. */
export const unsupportedSpec: ErrorSpec<Missing> = {
  status: 400, retryable: false, title: 'Unsupported by this backend',
  detail: (at) => `the driver of ${at.binding} has no capability ${at.capability}, which ${at.what} needs; see the table in docs/ports/`,
}

export function unsupportedCode(port: string): string {
  return `${port.toUpperCase().replaceAll('-', '_')}_UNSUPPORTED`
}

/** The refusal of something that a driver did not declare. */
export function unsupported(port: string, at: Missing): PorticoError {
  const code = unsupportedCode(port)
  return errorsOf({ [code]: unsupportedSpec })(code, at)
}
