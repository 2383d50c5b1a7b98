import { join } from 'node:path'
import { value } from '../document.ts'
import type { Case, Figure } from '../figure.ts'
import { load } from '../load.ts'
import { median } from '../measure.ts'
import { inFolder, withPortico, withServer } from '../process.ts'

const manifest = `version: 1
name: bench
connections:
  main: { use: sqlite, with: { file: bench.db } }
ports:
  storage: { on: main, collections: { orders: {} } }
`
const peer = join(import.meta.dirname, '../peers/fastify-sqlite.ts')
const rounds = 13

/** Headers that Fastify and Node write by themselves, or that the peer makes for each request. */
const own = new Set(['content-type', 'content-length', 'connection', 'keep-alive', 'date', 'etag', 'x-request-id'])

const httpRead: Case = {
  name: 'GET of one document over HTTP, 32 connections',
  run: () => inFolder(manifest, (directory) => withPortico(directory, async (url): Promise<readonly Figure[]> => {
    const route = `${url}/v1/storage/orders/o1`
    await fetch(route, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) })
    const answer = await fetch(route)
    const example = { body: await answer.json(), headers: Object.fromEntries([...answer.headers].filter(([name]) => !own.has(name))) }

    return withServer([peer, JSON.stringify(example)], directory, async (peerUrl) => {
      await refuseOtherBytes(route, `${peerUrl}/orders/o1`)
      const perSecond = { portico: [] as number[], hand: [] as number[], bare: [] as number[] }
      for (let round = 0; round <= rounds; round += 1) {
        for (const [name, target] of [['portico', route], ['hand', `${peerUrl}/orders/o1`], ['bare', `${peerUrl}/bare`]] as const) {
          const result = await load({ url: target, connections: 32, seconds: round === 0 ? 3 : 1 })
          if (round > 0) perSecond[name].push(result.perSecond)
        }
      }
      // A round is short, and its three loads follow one another: what slows the machine for a while slows all of them.
      const of = (peer: readonly number[]) => median(perSecond.portico.map((ours, round) => ours / (peer[round] ?? Number.NaN)))
      const [ours, hand, bare] = [median(perSecond.portico), median(perSecond.hand), median(perSecond.bare)]
      return [
        { name: 'of hand-written Fastify and better-sqlite3', value: of(perSecond.hand), unit: '×', atLeast: 0.9, of: `${ours.toFixed(0)} against ${hand.toFixed(0)} a second` },
        { name: 'of a bare Fastify route', value: of(perSecond.bare), unit: '×', atLeast: 0.5, of: `${bare.toFixed(0)} a second` },
      ]
    })
  })),
}

export default httpRead

/** The comparison is fair only when both answer the same. */
async function refuseOtherBytes(ours: string, theirs: string): Promise<void> {
  const [a, b] = await Promise.all([fetch(ours), fetch(theirs)])
  const names = (answer: Response) => [...answer.headers.keys()].toSorted().join(' ')
  const [bodyA, bodyB] = [await a.text(), await b.text()]
  if (bodyA !== bodyB) throw new Error(`the peer answers other bytes:\n${bodyA}\n${bodyB}`)
  if (names(a) !== names(b)) throw new Error(`the peer answers other headers:\n${names(a)}\n${names(b)}`)
}
