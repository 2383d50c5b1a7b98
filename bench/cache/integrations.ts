import { fileURLToPath } from 'node:url'
import { Pool } from 'undici'
import type { Figure } from '../figure.ts'
import { inFolder, withServer } from '../process.ts'
import { startKernel } from './kernel.ts'
import { ratio } from './rates.ts'

const partner = fileURLToPath(new URL('partner.mjs', import.meta.url))
const input = { amount: 1250, currency: 'EUR', card: 'tok_1' }
const schema = { type: 'object', required: ['amount', 'currency'], properties: { amount: { type: 'integer' }, currency: { type: 'string' } } }
const answered = { type: 'object', required: ['id', 'status'], properties: { id: { type: 'string' }, status: { type: 'string' } } }

/**
 * A call with both schemas checked, of undici's own pool as one uses it with care: bounded in time and size by undici's own limits,
 * which cost nothing, the status looked at, JSON written and parsed. By hand nobody checks schemas and addresses.
 */
export async function integrations(): Promise<readonly Figure[]> {
  return inFolder('', (directory) => withServer([partner], directory, async (url) => {
    const kernel = await startKernel({
      version: 1, name: 'bench',
      ports: { integrations: { use: 'http', with: { baseUrl: url }, operations: { charge: { method: 'POST', path: '/charges', input: schema, output: answered, idempotent: true } } } },
    })
    const pool = new Pool(url, { connections: 50, pipelining: 1, headersTimeout: 10_000, bodyTimeout: 10_000, maxResponseSize: 1_048_576 })
    try {
      const calls = kernel.ports.integrations
      const ours = () => calls.call({ operation: 'charge', input })
      const theirs = async () => {
        const { statusCode, body } = await pool.request({ method: 'POST', path: '/charges', headers: { 'content-type': 'application/json', accept: 'application/json' }, body: JSON.stringify(input) })
        if (statusCode !== 200) throw new Error(`the partner answered ${statusCode}`)
        return body.json()
      }
      return [
        await ratio('integrations: a call, 16 callers, of undici by hand', { ours, theirs, callers: 16, calls: 100, atLeast: 0.8 }),
        await ratio('integrations: a call, one caller, of undici by hand', { ours, theirs, callers: 1, calls: 400 }),
      ]
    } finally {
      await pool.destroy()
      await kernel.close()
    }
  }))
}
