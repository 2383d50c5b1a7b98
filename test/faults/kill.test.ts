import test from 'ava'
import { applicationFolder, send, serve } from './server.ts'

/** 10,000 writes in all unless set; each is a document and its job. */
const writes = Number(process.env['FAULT_WRITES'] ?? 10_000)
const kills = Number(process.env['FAULT_KILLS'] ?? 20)
const writers = 32

interface Jobs {
  readonly items: readonly { readonly payload: { readonly order: string } }[]
  readonly next: string | null
}

/**
 * Writes documents with their jobs until `enough` are acknowledged, and kills the server then; the writers find out by
 * their broken connections. Answers the ids that were acknowledged and those that were only sent.
 */
async function writeUntilKilled(url: string, round: number, enough: number, kill: () => Promise<unknown>) {
  const acknowledged = new Set<string>()
  const sent = new Set<string>()
  let killed: Promise<unknown> | undefined

  const writer = async (number: number) => {
    for (let n = 0; killed === undefined; n++) {
      const id = `r${round}-w${number}-${n}`
      sent.add(id)
      try {
        const operations = [{ insert: { collection: 'orders', id, value: { n } } }, { enqueue: { queue: 'orders', payload: { order: id } } }]
        const { status } = await send(`${url}/v1/storage/_write`, 'POST', { operations })
        if (status === 200) acknowledged.add(id)
      } catch {
        // The server is gone: this one is neither done nor refused.
        return
      }
      if (acknowledged.size >= enough) killed ??= kill()
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, number) => writer(number)))
  await killed
  return { acknowledged, sent }
}

async function allJobs(url: string): Promise<string[]> {
  const orders: string[] = []
  for (let next: string | null = ''; next !== null;) {
    const { body }: { body: Jobs } = await send<Jobs>(`${url}/v1/queue/orders/jobs?state=ready&limit=1000${next === '' ? '' : `&after=${encodeURIComponent(next)}`}`, 'GET')
    orders.push(...body.items.map(({ payload }) => payload.order))
    next = body.next
  }
  return orders
}

async function allDocuments(url: string): Promise<string[]> {
  const ids: string[] = []
  for (let after: string | null = ''; after !== null;) {
    const { body }: { body: { items: { id: string }[]; next: string | null } } = await send(`${url}/v1/storage/orders/_find`, 'POST', { limit: 1_000, ...(after === '' ? {} : { after }) })
    ids.push(...body.items.map(({ id }) => id))
    after = body.next
  }
  return ids
}

function missingFrom(there: ReadonlySet<string>, wanted: Iterable<string>): string[] {
  return [...wanted].filter((id) => !there.has(id))
}

test(`kill -9 in the middle of ${writes} writes and enqueues, ${kills} times: nothing acknowledged is lost, nothing is there twice`, async (t) => {
  t.timeout(15 * 60_000)
  const directory = await applicationFolder(t)
  const acknowledged = new Set<string>()
  const sent = new Set<string>()

  for (let round = 0; round < kills; round++) {
    const server = await serve(t, directory)
    const written = await writeUntilKilled(server.url, round, Math.ceil(writes / kills), () => server.stop('SIGKILL'))
    for (const id of written.acknowledged) acknowledged.add(id)
    for (const id of written.sent) sent.add(id)
  }

  const { url } = await serve(t, directory)
  const documents = await allDocuments(url)
  const jobs = await allJobs(url)
  t.log(`${kills} kills, ${sent.size} writes sent, ${acknowledged.size} acknowledged, ${documents.length} documents and ${jobs.length} jobs there`)

  t.true(acknowledged.size >= writes)
  t.deepEqual(missingFrom(new Set(documents), acknowledged), [], 'acknowledged and lost')
  t.is(new Set(documents).size, documents.length, 'a document twice')
  t.is(new Set(jobs).size, jobs.length, 'a job twice')
  t.deepEqual(jobs.toSorted(), documents.toSorted(), 'a document without its job, or a job without its document')
  t.deepEqual(missingFrom(sent, documents), [], 'a document that nobody sent')
})
