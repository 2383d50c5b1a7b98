/** A document store by hand over one server: the statements that Portico sends, prepared, on the SDK's own pool. */
export interface Peer {
  /** One record by its id, its document parsed. */
  get(id: string): Promise<unknown>
  /** Reads the record, and replaces it where it is still at the version that was read. */
  put(id: string, value: object): Promise<unknown>
  /** The first 50 of a range of index keys, their documents parsed. */
  find(): Promise<unknown>
  close(): Promise<void>
}

/** Where Portico keeps the collection that is measured, and the range of keys that `find` asks for. */
export interface Place {
  readonly url: string
  readonly table: string
}

export const connections = 10
let versions = 0

/** As long as Portico's own. */
export function nextVersion(): string {
  versions += 1
  return `by-hand-${versions.toString(36)}`
}
