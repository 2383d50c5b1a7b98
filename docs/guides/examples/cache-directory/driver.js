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
  /** The fill that is open, by key: `{ token, alone, endsAtMs }`. One process for each directory, so they need no file. */
  #fills = new Map()
  #begun = 0

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

  async write({ key, value, freshMs, staleMs, fill }) {
    if (fill && !this.#isOpen(key, fill)) return false
    const freshUntilMs = freshMs === null ? null : this.#clock.now() + freshMs
    const kept = value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : { value }
    const text = JSON.stringify({ key, ...kept, freshUntilMs, goneAtMs: freshUntilMs === null ? null : freshUntilMs + staleMs })

    // A rename is all or nothing: a reader never meets half an entry, also after a crash.
    const temporary = join(this.#directory, `${process.pid}-${(this.#temporary += 1)}.new`)
    await writeFile(temporary, text)
    await rename(temporary, this.#file(key))
    // Whatever came while the file was written wins.
    if (fill && !this.#isOpen(key, fill)) {
      await this.delete(key)
      return false
    }

    this.#fills.delete(key)
    this.#keys.delete(key)
    this.#keys.add(key)
    if (this.#keys.size > this.#maxEntries) await this.delete(this.#keys.values().next().value)
    return true
  }

  async delete(key) {
    this.#fills.delete(key)
    this.#keys.delete(key)
    await rm(this.#file(key), { force: true })
  }

  async invalidate(selection) {
    // Tags are a capability that this driver does not declare, so it is never asked for them.
    const prefix = 'prefix' in selection ? selection.prefix : ''
    for (const key of [...this.#fills.keys()].filter((one) => one.startsWith(prefix))) this.#fills.delete(key)
    await Promise.all([...this.#keys].filter((key) => key.startsWith(prefix)).map((key) => this.delete(key)))
  }

  beginFill({ key, holdMs, alone }) {
    const nowMs = this.#clock.now()
    const open = this.#fills.get(key)
    if (alone && open?.alone && open.endsAtMs > nowMs) return undefined

    const fill = { token: String((this.#begun += 1)), alone, endsAtMs: nowMs + holdMs }
    this.#fills.delete(key)
    this.#fills.set(key, fill)
    if (this.#fills.size > this.#maxEntries) this.#fills.delete(this.#fills.keys().next().value)
    return fill
  }

  endFill(key, fill) {
    if (this.#isOpen(key, fill)) this.#fills.delete(key)
  }

  async health() {
    await readdir(this.#directory)
  }

  async #readOne(key) {
    if (!this.#keys.has(key)) return undefined
    const entry = await readEntry(this.#file(key))
    if (!entry) return undefined
    const value = entry.base64 === undefined ? entry.value : new Uint8Array(Buffer.from(entry.base64, 'base64'))
    if (entry.goneAtMs === null) return { value, freshMs: null }

    const nowMs = this.#clock.now()
    if (entry.goneAtMs > nowMs) return { value, freshMs: entry.freshUntilMs - nowMs }
    await this.delete(key)
    return undefined
  }

  #isOpen(key, { token }) {
    const open = this.#fills.get(key)
    return open?.token === token && open.endsAtMs > this.#clock.now()
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
