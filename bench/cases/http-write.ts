import type { Case, Figure } from '../figure.ts'
import { load, type Load } from '../load.ts'
import { median } from '../measure.ts'
import { inFolder, withPortico } from '../process.ts'

// Each write is answered when it is durable: a commit waits for the disk.
const manifest = `version: 1
name: bench
connections:
  main: { use: sqlite, with: { file: bench.db, synchronous: full } }
ports:
  storage: { on: main, collections: { orders: {}, others: {} } }
`
const body = JSON.stringify({ number: 4711, status: 'paid', customer: { name: 'Ada', country: 'GB' }, lines: [{ sku: 'a-1', count: 2, price: 12.5 }] })
const rounds = 3

const httpWrite: Case = {
  name: 'SQLite writes over HTTP, durable when answered',
  run: () => inFolder(manifest, (directory) => withPortico(directory, async (url): Promise<readonly Figure[]> => {
    const writes = (connections: number): Load => ({ url: `${url}/v1/storage/orders`, method: 'POST', body, connections, seconds: 3 })
    const read: Load = { url: `${url}/v1/storage/others/o1`, connections: 4, seconds: 3, precise: true }
    await fetch(read.url, { method: 'PUT', headers: { 'content-type': 'application/json' }, body })
    await load({ ...writes(64), seconds: 2 })

    const one: number[] = []
    const many: number[] = []
    const quiet: number[] = []
    const beside: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      one.push((await load(writes(1))).perSecond)
      many.push((await load(writes(64))).perSecond)
      quiet.push((await load(read)).p50Ms)
      const [, reads] = await Promise.all([load({ ...writes(32), seconds: 5 }), load(read)])
      beside.push(reads.p50Ms)
    }
    return [
      { name: '64 connections of one', value: median(many) / median(one), unit: '×', atLeast: 3, of: `${median(many).toFixed(0)} against ${median(one).toFixed(0)} a second` },
      { name: 'p50 of GETs beside 32 writers, of that without', value: median(beside) / median(quiet), unit: '×', atMost: 3, of: `${median(beside).toFixed(2)} against ${median(quiet).toFixed(2)} ms` },
    ]
  })),
}

export default httpWrite
