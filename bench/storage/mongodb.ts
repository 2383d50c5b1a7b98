import { connections, nextVersion, type Peer, type Place } from './peer.ts'

interface Kept {
  readonly _id: string
  readonly version: string
  readonly value: object
  readonly updatedAt: Date
}

/** The mongodb driver by hand, over the collection that Portico made; acknowledged by the majority and the journal, as Portico's are. */
export async function mongodbPeer({ url, table }: Place): Promise<Peer> {
  const { MongoClient } = await import('mongodb')
  const client = await MongoClient.connect(url, { maxPoolSize: connections, writeConcern: { w: 'majority', journal: true }, readConcern: { level: 'majority' } })
  const collection = client.db().collection<Kept>(table)
  const key = (await collection.indexes()).map(({ name }) => name ?? '').find((name) => name.startsWith('k_')) ?? '_id'
  const bound = async (direction: 1 | -1) => (await collection.find({}, { sort: { [key]: direction }, limit: 1 }).next())?.[key as '_id']
  const [low, high] = [await bound(1), await bound(-1)]
  const page = { [key]: { $gte: low, $lt: high }, expiresAt: { $not: { $lte: new Date() } } }
  return {
    get: (id) => collection.findOne({ _id: id }),
    async put(id, value) {
      const found = await collection.findOne({ _id: id })
      // What Portico keeps beside these fields is put back as it was found.
      return collection.replaceOne({ _id: id, version: found?.version ?? '' }, { ...found, value, version: nextVersion(), updatedAt: new Date() })
    },
    find: () => collection.find(page as object, { sort: { [key]: 1 }, limit: 51 }).toArray(),
    close: () => client.close(),
  }
}
