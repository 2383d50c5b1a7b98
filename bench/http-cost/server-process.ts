import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { documents, inTurn, type Order, tasks, type Urls } from './calls.ts'

// The built library, as an application gets it; its types are those of the sources.
const { createKernel } = (await import(new URL('../../dist/kernel/index.js', import.meta.url).href)) as typeof import('../../kernel/index.ts')

const kernel = await createKernel({
  version: 1, name: 'bench', server: { port: 0, logLevel: 'warn' },
  connections: { main: JSON.parse(process.argv[2] ?? '{}') as object },
  ports: { storage: { on: 'main', collections: { orders: { indexes: [['status', '-number']] } } } },
}, { env: {} })
const { storage } = kernel.ports
await inTurn(documents, (number) => storage.put({ collection: 'orders', ...tasks.put(number).input }))

/** With the documents as text, as the server calls it: what is left beyond this is HTTP's. */
const inProcess = {
  get: (number: number) => storage.get({ collection: 'orders', ...tasks.get(number).input }, { text: true }),
  put: (number: number) => storage.put({ collection: 'orders', ...tasks.put(number).input }, { text: true }),
  find: () => storage.find({ collection: 'orders', ...tasks.find().input }, { text: true }),
}

process.on('message', (order: Order) => {
  const before = process.cpuUsage()
  if (order === 'usage') process.send?.(before.user + before.system)
  else {
    void inTurn(order.calls, inProcess[order.task]).then(() => {
      const { user, system } = process.cpuUsage(before)
      process.send?.(user + system)
    })
  }
})
process.once('disconnect', () => {
  bare.close()
  void kernel.close()
})

const { url: portico } = await kernel.listen()

/** What Node itself takes: it reads the body, parses it, and answers what Portico answered first. */
const answers = new Map<string, Promise<string>>()
const bare = createServer((request, response) => {
  const { method = 'GET', url = '/' } = request
  void text(request).then(async (body) => {
    if (body !== '') JSON.parse(body)
    const key = `${method} ${method === 'POST' ? url : ''}`
    let answer = answers.get(key)
    if (!answer) {
      answer = fetch(`${portico}${url}`, { method, ...(body !== '' && { body, headers: { 'content-type': 'application/json' } }) }).then((got) => got.text())
      answers.set(key, answer)
    }
    const written = await answer
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(written) }).end(written)
  })
})
bare.listen(0, '127.0.0.1', () => {
  const address = bare.address()
  const port = typeof address === 'object' ? address?.port : undefined
  process.send?.({ portico, bare: `http://127.0.0.1:${String(port)}` } satisfies Urls)
})
