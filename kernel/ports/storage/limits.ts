/** What holds on every backend; a collection can only say less. */
export const limits = {
  idBytes: 255,
  /** Of one string on an indexed path. */
  keyStringBytes: 512,
  documentBytes: 1024 ** 2,
  depth: 30,
  scanRows: 10_000,
  pageRows: 1_000,
  defaultPageRows: 50,
  pageBytes: 8 * 1024 ** 2,
  getMany: 100,
  writeOperations: 1_000,
  writeBytes: 16 * 1024 ** 2,
  unitEntries: 10_000,
  /** Of the documents that one unit writes: four times what a request can carry, which a list of patches can multiply. */
  unitBytes: 64 * 1024 ** 2,
  /** How long an idempotency key is kept. */
  idempotencyMs: 24 * 3_600_000,
  indexPaths: 4,
  /** 100 years: an instant that far off still has a date. */
  ttlMs: 3_155_760_000_000,
} as const
