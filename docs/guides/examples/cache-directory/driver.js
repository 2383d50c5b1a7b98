import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Opens the directory: what an earlier process left there is in the cache again. */
export async function openDirectory({ directory, maxEntries }, clock, log) {
  await mkdir(directory, { recursive: true })
  const driver = new DirectoryCache(directory, maxEntries, clock)

  for (const file of (await readdir(directory)).filter((name) => name.endsWith('.json'))) {
    const entry = await readEntry(join(directory, file))
    if (entry) driver.adopt(entry.key)
    else await rm(join(directory, file), { force: true })
  }
  log.info({ directory, entries: driver.size }, 'opened the directory')
  return driver
}

/** The driver interface of the port `cache`. It throws whatever the disk throws: the port makes that a miss. */
class DirectoryCache {
  #directory
  #maxEntries
  #clock
  /** Oldest first. */
  #keys = new Set()
  #temporary = 0

  constructor(directory, maxEntries, clock) {
    this.#directory = directory
    this.#maxEntries = maxEntries
    this.#clock = clock
  }

  get size() {
    return this.#keys.size
  }

  adopt(key) {
    this.#keys.add(key)
  }

  read(keys) {
    return Promise.all(keys.map((key) => this.#readOne(key)))
  }

  async write({ key, value, freshMs, staleMs }) {
    const freshUntilMs = freshMs === null ? null : this.#clock.now() + freshMs
    const text = JSON.stringify({ key, value, freshUntilMs, goneAtMs: freshUntilMs === null ? null : freshUntilMs + staleMs })

    // A rename is all or nothing: a reader never meets half an entry, also after a crash.
    const temporary = join(this.#directory, `${process.pid}-${(this.#temporary += 1)}.new`)
    await writeFile(temporary, text)
    await rename(temporary, this.#file(key))

    this.#keys.delete(key)
    this.#keys.add(key)
    if (this.#keys.size > this.#maxEntries) await this.delete(this.#keys.values().next().value)
    return true
  }

  async delete(key) {
    this.#keys.delete(key)
    await rm(this.#file(key), { force: true })
  }

  async invalidate(selection) {
    // Tags are a capability that this driver does not declare, so it is never asked for them.
    const prefix = 'prefix' in selection ? selection.prefix : ''
    await Promise.all([...this.#keys].filter((key) => key.startsWith(prefix)).map((key) => this.delete(key)))
  }

  async health() {
    await readdir(this.#directory)
  }

  async #readOne(key) {
    if (!this.#keys.has(key)) return undefined
    const entry = await readEntry(this.#file(key))
    if (!entry) return undefined
    if (entry.goneAtMs === null) return { value: entry.value, freshMs: null }

    const nowMs = this.#clock.now()
    if (entry.goneAtMs > nowMs) return { value: entry.value, freshMs: entry.freshUntilMs - nowMs }
    await this.delete(key)
    return undefined
  }

  /** A key can hold any character, a file name cannot. */
  #file(key) {
    return join(this.#directory, `${createHash('sha256').update(key).digest('hex')}.json`)
  }
}

/** The entry in a file; undefined when it is gone, or is not one of ours. */
async function readEntry(path) {
  try {
    const entry = JSON.parse(await readFile(path, 'utf8'))
    return typeof entry?.key === 'string' ? entry : undefined
  } catch (error) {
    if (error instanceof SyntaxError || error.code === 'ENOENT') return undefined
    throw error
  }
}
