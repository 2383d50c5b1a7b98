import { type BoundStorage, promise, type StorageCase } from './storage-case.ts'

const collection = 'orders'

/** Long lists and heavy rows. */
export const pageCases: readonly StorageCase[] = [
  promise('pages of a thousand hold each record once, in every direction', async (t, { storage }) => {
    await fill(storage, 2_300, (n) => ({ status: `s${n % 2}`, total: n % 900, ...(n % 2 && { number: n }) }))

    for (const orderBy of [[], ['-$id'], ['status', '-total'], ['-status', 'total'], ['status', 'total'], ['number']]) {
      const seen: string[] = []
      for (let after: string | undefined; ; ) {
        const page = await storage.find({ collection, orderBy, limit: 1_000, ...(after !== undefined && { after }) })
        seen.push(...page.items.map((item) => item.id))
        if (page.next === null) break
        after = page.next
      }
      t.is(seen.length, 2_300, orderBy.join())
      t.is(new Set(seen).size, 2_300, orderBy.join())
    }
  }),

  promise('a page ends at 8 MiB, in the order of an index and without one', async (t, { storage }) => {
    await fill(storage, 20, (n) => ({ status: 'a', total: n, m: -n, text: 'x'.repeat(1_000_000) }))

    for (const orderBy of [['status', '-total'], ['m']]) {
      const first = await storage.find({ collection, orderBy })
      t.is(first.items.length, 8)
      const second = await storage.find({ collection, orderBy, after: first.next ?? '' })
      const third = await storage.find({ collection, orderBy, after: second.next ?? '' })
      t.deepEqual([second.items.length, third.items.length, third.next], [8, 4, null])
    }
  }),
]

async function fill(storage: BoundStorage, count: number, value: (n: number) => Record<string, string | number>): Promise<void> {
  const atOnce = 16
  for (let from = 0; from < count; from += atOnce) {
    await Promise.all(Array.from({ length: Math.min(atOnce, count - from) }, (_, at) => storage.insert({ collection, id: `id${from + at}`, value: value(from + at) })))
  }
}
