import type { CallOptions } from '../../call.ts'
import type { JsonObject } from '../../json.ts'
import type { AtVersion, FindInput, InsertInput, PatchInput, PutInput, StoredRecord, Where } from './operations.ts'

/** What is known of a binding's documents: collections and views by name, each with the type of its values. */
export interface DocumentTypes {
  readonly collections: object
  readonly views: object
}

/** Of a binding of which nothing is known. */
export interface AnyDocuments {
  readonly collections: Readonly<Record<string, JsonObject>>
  readonly views: Readonly<Record<string, JsonObject>>
}

/** What a typed call may say beside its input; values come parsed. */
export type TypedOptions = Omit<CallOptions, 'text'>

export interface RecordOf<T> extends Omit<StoredRecord, 'value'> {
  readonly value: T
}

export interface PageOf<T> {
  readonly items: readonly RecordOf<T>[]
  readonly next: string | null
}

/** A query whose names are those of `T`; operands are judged when it runs. */
export interface QueryOf<T> extends Pick<FindInput, 'limit' | 'after'> {
  readonly where?: WhereOf<T>
  readonly orderBy?: readonly `${'' | '-'}${PathOf<T> | OwnPath}`[]
}

export interface SelectOf<T> {
  readonly select: readonly PathOf<T>[]
}

/** `find`, whose values are whole without `select`, and hold a part of their fields with it. */
export interface Finds<T> {
  find(query?: QueryOf<T> & { readonly select?: never }, options?: TypedOptions): Promise<PageOf<T>>
  find(query: QueryOf<T> & SelectOf<T>, options?: TypedOptions): Promise<PageOf<PartOf<T>>>
}

/**
 * The operations of storage on one collection, with the type of its values: the same inputs, answers and errors, without
 * `collection`. The type is the caller's word; what holds writes to it is the collection's schema.
 */
export interface TypedCollection<T> extends Finds<T> {
  get(input: { readonly id: string }, options?: TypedOptions): Promise<RecordOf<T>>
  getMany(input: { readonly ids: readonly string[] }, options?: TypedOptions): Promise<{ readonly items: readonly (RecordOf<T> | null)[] }>
  insert(input: Omit<InsertInput, 'collection' | 'value'> & { readonly value: T }, options?: TypedOptions): Promise<RecordOf<T>>
  put(input: Omit<PutInput, 'collection' | 'value'> & { readonly value: T }, options?: TypedOptions): Promise<RecordOf<T> & { readonly created: boolean }>
  patch(input: Omit<PatchInput, 'collection' | 'patch'> & { readonly patch: PatchOf<T> }, options?: TypedOptions): Promise<RecordOf<T>>
  delete(input: Omit<AtVersion, 'collection'>, options?: TypedOptions): Promise<{ readonly id: string }>
  count(query?: Pick<QueryOf<T>, 'where'>, options?: TypedOptions): Promise<{ readonly count: number }>
}

/** One view, with the type of its values; nothing writes through it. */
export type TypedView<T> = Finds<T>

type Scalar = string | number | boolean | null
type OwnPath = '$id' | '$createdAt' | '$updatedAt'

/** How many levels of names are told apart; below them any name goes. */
type Levels = [0, 0, 0, 0, 0]
type Below<L extends readonly unknown[]> = L extends readonly [unknown, ...infer Rest] ? Rest : []

/** The paths into a `T`, with dots: through objects, never into arrays. */
export type PathOf<T, L extends readonly unknown[] = Levels> =
  unknown extends T ? string
    : T extends Scalar | readonly unknown[] ? never
      : string extends keyof T ? string
        : L extends readonly [] ? string
          : { [K in keyof T & string]-?: K | Joined<K, PathOf<Exclude<T[K], undefined>, Below<L>>> }[keyof T & string]

type Joined<K extends string, P extends string> = [P] extends [never] ? never : `${K}.${P}`

interface Operators {
  readonly $eq?: Scalar
  readonly $ne?: Scalar
  readonly $gt?: Scalar
  readonly $gte?: Scalar
  readonly $lt?: Scalar
  readonly $lte?: Scalar
  readonly $in?: readonly Scalar[]
  readonly $nin?: readonly Scalar[]
  readonly $exists?: boolean
  readonly $prefix?: string
  readonly $contains?: Scalar
}

interface Groups<T> {
  readonly $and?: readonly WhereOf<T>[]
  readonly $or?: readonly WhereOf<T>[]
  readonly $not?: WhereOf<T>
}

/** A condition on the paths of a `T`; where its names are not known, on any. */
export type WhereOf<T> = string extends PathOf<T> ? Where : { readonly [P in PathOf<T> | OwnPath]?: Scalar | Operators } & Groups<T>

/** A JSON merge patch of a `T`: null removes. */
export type PatchOf<T> = unknown extends T ? unknown : T extends Scalar | readonly unknown[] ? T : { readonly [K in keyof T]?: PatchOf<T[K]> | null }

/** What `select` leaves of a `T`. */
export type PartOf<T> = unknown extends T ? unknown : T extends Scalar | readonly unknown[] ? T : { readonly [K in keyof T]?: PartOf<T[K]> }
