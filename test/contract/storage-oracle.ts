import { oracleCollections } from './storage-keys.ts'
import type { StorageCase } from './storage-case.ts'

/**
 * Random documents, changes and queries, compared with the evaluator over a plain array. They need fast-check.
 * `STORAGE_RUNS` in the environment says how many runs each has: 100, and 20 on a server, unless set.
 */
export const storageOracle: readonly StorageCase[] = Object.keys(oracleCollections).flatMap((collection): StorageCase[] => [
  {
    title: `after any changes, any query is answered as over an array: ${collection}`,
    run: async (t, harness) => (await import('./storage-properties.ts')).answersAlike(t, harness, collection),
  },
  {
    title: `whoever is left alone stands once on the pages, whatever others write between them: ${collection}`,
    run: async (t, harness) => (await import('./storage-properties.ts')).pagesUnderWrites(t, harness, collection),
  },
  {
    title: `a unit finds its own writes among what is stored, and what it leaves is what it saw: ${collection}`,
    run: async (t, harness) => (await import('./storage-properties.ts')).unitSeesItself(t, harness, collection),
  },
])
