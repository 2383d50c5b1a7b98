import type { SqlStep, SqlValue } from '../../kernel/ports/sql/index.ts'
import type { OpenOptions } from './database.ts'
import type { Outcome, Program } from './group-commit.ts'

/** What a worker thread is started with. */
export interface WorkerData {
  readonly role: 'writer' | 'reader'
  readonly open: OpenOptions
}

/** A worker's first message, once its handle is open. */
export const ready = 'ready'

/** To the writer: programs, packed; or statements that change the structure; or the end. */
export type WriterMessage = PackedGroup | { readonly define: readonly string[] } | 'close'

/** From the writer: an outcome for each program, in order. */
export type WriterAnswer = readonly Outcome[]

export interface PackedGroup {
  /** Forget all texts before adding these: the sender has started over. */
  readonly reset: boolean
  /** Statement texts that the receiver has not met; a text's number is its place among all that were sent. */
  readonly texts: readonly string[]
  /** For each program: steps, then for each step: text, expected count (-1: any), parameters, and these. */
  readonly data: readonly PackedValue[]
}

/** Bytes travel as latin1 in a list of one: a view would take its whole ArrayBuffer along, and costs more than a string. */
type PackedValue = SqlValue | readonly [string]

const mostTexts = 2_000

/** Packs programs into one flat list, each statement's text sent once. One for each receiver. */
export class Packer {
  readonly #numbers = new Map<string, number>()

  pack(programs: readonly Program[]): PackedGroup {
    const reset = this.#numbers.size > mostTexts
    if (reset) this.#numbers.clear()

    const texts: string[] = []
    const data: PackedValue[] = []
    for (const program of programs) {
      data.push(program.length)
      for (const step of program) {
        data.push(this.#number(step.sql, texts), step.expect ?? -1, step.params.length)
        for (const value of step.params) data.push(value instanceof Uint8Array ? [latin1(value)] : value)
      }
    }
    return { reset, texts, data }
  }

  #number(sql: string, texts: string[]): number {
    const known = this.#numbers.get(sql)
    if (known !== undefined) return known
    const number = this.#numbers.size
    this.#numbers.set(sql, number)
    texts.push(sql)
    return number
  }
}

/** The other end of a `Packer`. */
export class Unpacker {
  #texts: string[] = []

  unpack({ reset, texts, data }: PackedGroup): Program[] {
    if (reset) this.#texts = []
    this.#texts.push(...texts)

    const programs: Program[] = []
    for (let at = 0; at < data.length; ) {
      const steps: SqlStep[] = []
      for (let left = data[at++] as number; left > 0; left--) {
        const sql = this.#texts[data[at++] as number] ?? ''
        const expect = data[at++] as number
        const count = data[at++] as number
        const params = data.slice(at, at + count).map((value) => (Array.isArray(value) ? Buffer.from(value[0] as string, 'latin1') : (value as SqlValue)))
        at += count
        steps.push(expect < 0 ? { sql, params } : { sql, params, expect })
      }
      programs.push(steps)
    }
    return programs
  }
}

export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** To the reader: one query. */
export interface ReaderMessage {
  readonly id: number
  readonly sql: string
  readonly params: readonly PackedValue[]
}

/** From the reader: rows as flat lists of values, in pieces; the last piece has `done`, or the error that ended it. */
export interface ReaderAnswer {
  readonly id: number
  readonly columns: readonly string[]
  readonly values: readonly PackedValue[]
  readonly done: boolean
  readonly error?: { readonly code: string; readonly message: string }
}

export function packParams(params: readonly SqlValue[]): readonly PackedValue[] {
  return params.map((value) => (value instanceof Uint8Array ? [latin1(value)] : value))
}

export function unpackValue(value: PackedValue): SqlValue {
  return Array.isArray(value) ? Buffer.from(value[0] as string, 'latin1') : (value as SqlValue)
}
