import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { Webhook } from 'standardwebhooks'
import { createKernel } from '../../../../kernel/index.ts'
import type { RawMessage, Received } from '../../../../kernel/ports/integrations/index.ts'
import { signedHeaders } from '../../../../kernel/ports/integrations/signatures/http-signature.ts'
import { readSignatureKey, type SignatureAlgorithm } from '../../../../kernel/ports/integrations/signatures/keys.ts'
import { VirtualClock } from '../../../contract/clock.ts'
import { silentLog } from '../../../contract/log.ts'

export const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
export const otherSecret = `whsec_${randomBytes(32).toString('base64')}`
export const publicUrl = 'https://hooks.shop.example/v1/integrations.payments/_inbound'

const pair = () => generateKeyPairSync('ed25519', { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs8', format: 'pem' } })
export const partnerKeys = pair()
export const strangerKeys = pair()

export const byWebhooks = { scheme: 'standard-webhooks', keys: { now: secret } }
export const bySignatures = { scheme: 'http-signature', keys: { 'pay-2026': partnerKeys.publicKey }, url: publicUrl }

type Headers = Readonly<Record<string, string>>

export interface Inbound {
  readonly url: string
  readonly port: number
  readonly clock: VirtualClock
  post(body: string | Buffer, headers: Headers): Promise<Response>
  /** Signed as Standard Webhooks by the library of that name. */
  hook(id: string, body: string, how?: { readonly secret?: string; readonly atMs?: number }): Headers
  /** How many answers had each status. */
  counted(answers: readonly Promise<Response>[]): Promise<Readonly<Record<number, number>>>
  receive(message: RawMessage): Promise<Received>
  payloads(): Promise<readonly unknown[]>
  close(): Promise<unknown>
}

/** A server whose partner may send messages; its queue stands in `folder`. */
export async function startInbound(t: ExecutionContext, verify: object = byWebhooks, { queue = {}, clock = new VirtualClock(), folder = emptyFolder(t) }: { queue?: object; clock?: VirtualClock; folder?: string } = {}): Promise<Inbound> {
  const kernel = await createKernel({
    version: 1, name: 'shop', server: { port: 0 },
    connections: { main: { use: 'sqlite', with: { file: 'shop.db', writer: 'main', synchronous: 'normal' } } },
    ports: {
      queue: { on: 'main', queues: { events: queue } },
      'integrations.payments': { use: 'static', operations: { charge: { answer: 1 } }, inbound: { verify, to: { queue: 'events' } } },
      'integrations.rates': { use: 'static', operations: {} },
    },
  }, { directory: folder, env: {}, clock, log: silentLog })
  t.teardown(() => kernel.close())
  const { url: server } = await kernel.listen()
  const url = `${server}/v1/integrations.payments/_inbound`

  return {
    url, clock,
    port: Number(new URL(server).port),
    post: (body, headers) => fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body }),
    hook: (id, body, { secret: by = secret, atMs = clock.now() } = {}) => ({
      'webhook-id': id, 'webhook-timestamp': String(Math.floor(atMs / 1_000)), 'webhook-signature': new Webhook(by).sign(id, new Date(atMs), body),
    }),
    async counted(answers) {
      const counts: Record<number, number> = {}
      for (const { status } of await Promise.all(answers)) counts[status] = (counts[status] ?? 0) + 1
      return counts
    },
    async receive(message) {
      const partner = kernel.ports['integrations.payments']
      if (!partner) throw new Error('it is in the manifest')
      return partner.receive({ message })
    },
    payloads: async () => (await kernel.ports.queue.list({ queue: 'events' })).items.map(({ payload }) => payload),
    close: () => kernel.close(),
  }
}

export function emptyFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'portico-inbound-'))
  t.teardown(() => { rmSync(folder, { recursive: true, force: true }) })
  return folder
}

/** Signed with HTTP Message Signatures. */
export function signed(body: string, atMs: number, { algorithm = 'ed25519', key = partnerKeys.privateKey, keyId = 'pay-2026', nonce = randomBytes(8).toString('hex'), url = publicUrl, components = ['@method', '@target-uri', 'content-digest'], headers = {} }: { algorithm?: SignatureAlgorithm; key?: string; keyId?: string | null; nonce?: string | null; url?: string; components?: readonly string[]; headers?: Headers } = {}): Headers {
  const by = { key: readSignatureKey(key, algorithm, 'sign', keyId ?? undefined), components, createdMs: atMs, ...(nonce !== null && { nonce }) }
  return { ...headers, ...signedHeaders({ method: 'POST', url: new URL(url), headers }, body, by) }
}
