import fastify from 'fastify'
import portico from 'portico/fastify'

/** An application of its own, with the kernel's routes beside its own. */
const app = fastify()
await app.register(portico, { manifest: new URL('infra.config.yaml', import.meta.url).pathname })

app.get<{ Params: { number: string } }>('/orders/:number', async (request, reply) => {
  const { items } = await app.ports.storage.find({ collection: 'orders', where: { number: Number(request.params.number) } })
  return items[0]?.value ?? reply.code(404).send({ error: 'no such order' })
})

const url = await app.listen({ port: 0 })
const stored = await fetch(`${url}/v1/storage/orders`, {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"number":12,"status":"open"}',
})
console.log('the kernel answers', stored.status)
console.log('the application answers', await (await fetch(`${url}/orders/12`)).json())
console.log('health', (await fetch(`${url}/health`)).status)

await app.close()
