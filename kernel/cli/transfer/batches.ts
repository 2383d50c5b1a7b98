import type { NumberedRecord } from './reader.ts'

/** Of one collection, no two with one id: what one commit takes. */
export interface Batch {
  readonly collection: string
  readonly records: readonly NumberedRecord[]
}

const maxRecords = 250
const maxBytes = 2 * 1024 ** 2

/** Records in the order in which they came, in batches of 250 records and about 2 MiB at most. */
export async function* batchesOf(pieces: AsyncIterable<readonly NumberedRecord[]>): AsyncGenerator<Batch> {
  let records: NumberedRecord[] = []
  let ids = new Set<string>()
  let bytes = 0
  let collection = ''
  const take = (): Batch => {
    const batch = { collection, records }
    records = []
    ids = new Set()
    bytes = 0
    return batch
  }

  for await (const piece of pieces) {
    for (const one of piece) {
      const fits = one.collection === collection && records.length < maxRecords && bytes < maxBytes && !ids.has(one.record.id)
      if (!fits && records.length > 0) yield take()
      collection = one.collection
      records.push(one)
      ids.add(one.record.id)
      bytes += one.bytes
    }
  }
  if (records.length > 0) yield take()
}
