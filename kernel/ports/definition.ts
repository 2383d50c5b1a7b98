import type { Meters } from '../binding/meters.ts'
import type { Call } from '../call.ts'
import type { Clock } from '../clock.ts'
import type { ErrorTable } from '../errors.ts'
import type { Json, JsonSchema } from '../json.ts'
import type { Log } from '../log.ts'
import type { ScriptFile } from '../manifest/units.ts'
import type { BindingPolicy } from '../resilience/policy-state.ts'

/** Where a field of the input is read in a request; a field without an entry is read from the path or the body. */
export type HttpSource =
  | { readonly query: string }
  /** A field of the body that has another name than the input field, because the path has that one. */
  | { readonly body: string }
  /**
   * `etag`: a quoted version, unquoted for the input, or `*` · `any`: only `*`, read as `true` · `text`: as it is ·
   * `fence`: a fencing token, a space and the lock's name percent-encoded, read as `{ lock, fencingToken }`.
   */
  | { readonly header: string; readonly form: 'etag' | 'any' | 'text' | 'fence' }

/** An operation's HTTP face as data; routes, OpenAPI and the typed client are derived from it. */
export interface HttpBinding {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/v1/<binding>`; `:field` reads an input field from one percent-encoded segment. */
  readonly path: string
  readonly from?: Readonly<Record<string, HttpSource>>
  /** The input field that takes the whole body; without it the body's fields are input fields. */
  readonly body?: string
  /** The input field that takes the request as it came: its method, headers and the bytes of its body, of any media type and not parsed. */
  readonly raw?: string
  readonly mediaTypes?: readonly string[]
  /** 1 MiB unless set. */
  readonly maxBodyBytes?: number
  /** Two operations on one route: this one is meant when the body has the named field. */
  readonly whenBodyHas?: string
  /** One status, or one of two by a field of the output. */
  readonly status: number | { readonly field: string; readonly equals: Json; readonly then: number; readonly else: number }
  /** The code that answers when the output is null. */
  readonly nullIs?: string
  readonly answer?: {
    /** Fields of the output that the body leaves out. */
    readonly omit?: readonly string[]
    /** The output field whose value is quoted into `ETag`; a matching `If-None-Match` on a GET is a 304. */
    readonly etag?: string
    /** `Location` below `/v1/<binding>`: `:name` is filled from the output, then from the input. */
    readonly location?: string
  }
}

/** What an operation is, declared once: wrapper, metrics, retry safety, access, routes and OpenAPI follow from it. */
export interface Operation<C extends string = string> {
  readonly summary: string
  readonly effect: 'read' | 'write'
  /** Whether a repeat does no harm: true, false, or only when the named input field is given. */
  readonly idempotent: boolean | { readonly when: string }
  /** Answered without the binding's own backend, so that no policy and no rehearsed fault is on its way. */
  readonly local?: boolean
  /** Callable without an identity, once identity is configured. */
  readonly public?: boolean
  readonly input: JsonSchema
  readonly output: JsonSchema
  /**
   * Refused with `<PORT>_UNSUPPORTED` unless the driver declares it; `arguments` guards single input fields:
   * `delayMs`, or `jobs[].delayMs` for a field of each element of a list.
   */
  readonly needs?: { readonly operation?: C; readonly arguments?: Readonly<Record<string, C>> }
  /** Milliseconds that the call may take beyond its deadline because it waits on purpose: the named input field. */
  readonly waits?: string
  readonly http?: HttpBinding
}

/** What a port's meaning is given when it is bound to a driver. */
export interface PortParts<D, K, C extends string = string> {
  readonly driver: D
  /** The port's own keys, checked: durations and sizes are numbers (`lease: 30s` is `leaseMs: 30000`). */
  readonly keys: K
  /** Of a fallback: the port's meaning over each driver that is asked before it, the binding's own first. */
  readonly ahead?: readonly object[]
  /** Of a fallback: the causes that it is for; all of them unless set. */
  readonly when?: readonly string[]
  /** Of the binding's own driver: the policy that its calls go through. */
  readonly policy?: BindingPolicy
  /** The binding's name in the manifest: `storage.reports`. */
  readonly binding: string
  /** The name of the driver's plugin: `sql`. */
  readonly plugin: string
  readonly capabilities: ReadonlySet<C>
  readonly clock: Clock
  readonly log: Log
  /** For what it counts beside its calls. */
  readonly meters: Meters
  /** Another binding by name, for what joins one unit of work; undefined when the manifest declares none. */
  readonly peer: (binding: string) => Peer | undefined
  /** All that another binding offers in process: its operations, and what its port adds to them. For those that `uses` tells. */
  readonly peerFace?: (binding: string) => object | undefined
  /** Runs when no new calls come, before those in flight are waited for: for whoever waits on purpose. */
  readonly onDrain?: (drain: () => void) => void
  /** Imports a script that the keys name: one of the owner's, not of a plugin. */
  readonly importScript: (script: ScriptFile) => Promise<unknown>
  readonly onClose: (close: () => void | Promise<void>) => void
  /** Tells what is not as it should be although the driver's probe succeeds; undefined while all is well. */
  readonly onHealth?: (ailment: () => string | undefined) => void
}

/** A binding as another port's meaning sees it: operations by name. */
export type Peer = Readonly<Record<string, (input: unknown, options?: import('../call.ts').CallOptions) => Promise<unknown>>>

/** An operation of a port's hand-written interface. */
export type OperationMethod = (input: never, call: Call) => Promise<unknown>

/** A port's operations as its meaning has them: an answer that is at hand is given at once, which saves its caller the turns of a promise. */
export type Meaning<P> = { readonly [O in keyof P]: P[O] extends (input: infer I, call: infer C) => Promise<infer A> ? (input: I, call: C) => A | Promise<A> : P[O] }

/**
 * A port: a named contract. `P` are its operations, `D` the narrow driver interface, `K` its own keys in the
 * manifest, `C` its capabilities, `X` what it offers in process only (functions that take functions).
 */
export interface PortDefinition<P, D, K = object, C extends string = never, X = object> {
  readonly name: string
  readonly summary: string
  /** An inner port is a connection: opened under `connections:`, without operations and HTTP. */
  readonly inner?: boolean
  /** Capability → what it promises. */
  readonly capabilities: Readonly<Record<C, string>>
  readonly operations: { readonly [O in keyof P]: Operation<C> }
  /** JSON Schema of the port's own keys (object schema with `properties`). */
  readonly keys: JsonSchema
  /** The key, a map, whose entries also take what the binding's drivers declare as their `entry`. */
  readonly open?: string
  readonly errors: ErrorTable
  /** Where one operation stands for several that the keys declare. */
  readonly named?: NamedCalls<K>
  /** Which failures a declared `fallback` answers, and how its output is marked; without it `fallback` is refused. */
  readonly fallback?: PortFallback
  /** The capabilities that these keys ask for, with the path in the keys that asks. */
  demands?(keys: K): readonly { readonly capability: C; readonly path: readonly string[] }[]
  /** What is wrong with keys that keep their schema: names that meet nothing, parts that contradict each other. Pure. */
  check?(keys: K): readonly KeyFault[]
  /** The other bindings that these keys name: they must be there, and start before. */
  uses?(keys: K): readonly BindingUse[]
  /**
   * Of a port that minds the faults of its backend itself: the driver with what is rehearsed before each of its calls, so that the
   * port has to do with it. Without it the faults are those of the operations.
   */
  rehearse?(driver: D, fault: (call: Call) => Promise<void>): D
  /** The port's meaning over one driver; an inner port has none. */
  implement?(parts: PortParts<D, K, C>): Meaning<P> & X
  /** What must be done before calls come, once `peer` can use the binding's operations; `look` finds what would end a start, and changes nothing. */
  prepare?(parts: PortParts<D, K, C>, how: 'do' | 'look', call: Call): Promise<void>
  /** Only for the compiler: nothing stands here. */
  readonly types?: { readonly operations: P; readonly driver: D; readonly keys: K; readonly capability: C; readonly inProcess: X }
}

/** A binding of a port that a binding's own keys name, and where. */
export interface BindingUse {
  readonly port: string
  readonly binding: string
  readonly path: readonly string[]
  /** What its driver must be able to do. */
  readonly capability?: string
  /** An entry that its own keys must have: `webhooks` of `queues`, named at `path`. */
  readonly entry?: { readonly of: string; readonly name: string; readonly path: readonly string[] }
}

/** One thing that is wrong with a port's own keys, told at its place in the manifest. */
export interface KeyFault {
  /** In the keys: `['views', 'open', 'from']`. */
  readonly path: readonly string[]
  /** `key`: the name itself is wrong, not what stands under it. */
  readonly on?: 'key' | 'value'
  readonly message: string
}

/** An operation that stands for several of the keys', as `call` of an integration does: policies know each by its own name. */
export interface NamedCalls<K> {
  /** The port's operation. */
  readonly operation: string
  /** What the keys declare: the name, and whether a repeat does no harm, as `Operation.idempotent` tells it. */
  declared(keys: K): Readonly<Record<string, Operation['idempotent']>>
  /** The name that an input of the operation means. */
  nameOf(input: unknown): string
  /** The input field that has the name; it stands in the path. */
  readonly field: string
  /** What the keys declare, told as operations of their own: with it they have paths of their own in OpenAPI. */
  describe?(keys: K): Readonly<Record<string, NamedDescription>>
}

/** An operation that the keys declare, for those who call it. */
export interface NamedDescription {
  readonly summary?: string
  /** Of the input field that is the body; any JSON unless set. */
  readonly input?: JsonSchema
  /** By status: what a field of the output is then. */
  readonly answers?: Readonly<Record<number, { readonly field: string; readonly schema: JsonSchema }>>
  /** By status: what else a failure may be, in words. */
  readonly failures?: Readonly<Record<number, string>>
  /** `x-…` */
  readonly extensions?: JsonSchema
}

export interface PortFallback {
  /** True when the operation surely did not happen, so that the next driver may do it. */
  when(error: unknown, operation: string, input: unknown): boolean
  /** What a fallback in the manifest may be limited to by its own `when`: word → which failures it means. */
  readonly causes?: Readonly<Record<string, string>>
  /** Which of `causes` a failure is; undefined for one that is no partner's. */
  causeOf?(error: unknown): string | undefined
  /** True when a fallback had nothing to answer: the next one is asked, and the failure stays what it was. */
  passes?(error: unknown): boolean
  /**
   * Which fallback is asked at once and alone, counted from 1, since neither the binding's own driver nor its policy is to be asked;
   * undefined unless there is a reason to. `own` is the port's meaning over that driver.
   */
  straightTo?(own: object, operation: string, input: unknown): number | undefined
  mark(output: unknown): unknown
}

/** A port whose types are not known here. */
export interface AnyPort {
  readonly name: string
  readonly summary: string
  readonly inner?: boolean
  readonly capabilities: Readonly<Record<string, string>>
  readonly operations: Readonly<Record<string, Operation>>
  readonly keys: JsonSchema
  readonly open?: string
  readonly errors: ErrorTable
  readonly named?: NamedCalls<unknown>
  readonly fallback?: PortFallback
  demands?(keys: unknown): readonly { readonly capability: string; readonly path: readonly string[] }[]
  check?(keys: unknown): readonly KeyFault[]
  uses?(keys: unknown): readonly BindingUse[]
  rehearse?(driver: unknown, fault: (call: Call) => Promise<void>): unknown
  implement?(parts: PortParts<unknown, unknown>): object
  prepare?(parts: PortParts<unknown, unknown>, how: 'do' | 'look', call: Call): Promise<void>
  readonly types?: object
}

const portBrand = Symbol.for('portico.port')

/**
 * Declares a port. One operation missing or too many does not compile.
 * @throws TypeError when the name is not a manifest name.
 */
export function definePort<P, D, K = object, C extends string = never, X = object>(definition: PortDefinition<P, D, K, C, X>): PortDefinition<P, D, K, C, X> {
  if (!/^[a-z][a-z0-9_-]{0,39}$/.test(definition.name)) throw new TypeError(`a port cannot be named ${JSON.stringify(definition.name)}`)
  return Object.freeze({ ...definition, [portBrand]: true })
}
