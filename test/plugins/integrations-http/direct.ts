import type { ExecutionContext } from 'ava'
import type { Call, SettingsOf } from '../../../kernel/plugin.ts'
import { systemClock } from '../../../kernel/clock.ts'
import type { Resolve } from '../../../kernel/addresses.ts'
import { HttpPartner } from '../../../plugins/integrations-http/driver.ts'
import type { settings as declared } from '../../../plugins/integrations-http/settings.ts'
import { readTarget } from '../../../plugins/integrations-http/target.ts'

type HttpSettings = SettingsOf<typeof declared>

export const call: Call = { signal: new AbortController().signal, remainingMs: () => 20_000, traceId: 'test', text: false, degrade: () => undefined }

export const get = { operation: 'get', input: {}, http: { method: 'GET', path: '/' } } as const

/** The driver alone, with names that resolve as a test says. */
export function directly(t: ExecutionContext, baseUrl: string, resolve: Resolve, more: Partial<HttpSettings> = {}): HttpPartner {
  const settings: HttpSettings = {
    baseUrl, headers: {}, idempotencyHeader: 'Idempotency-Key', timeoutMs: 10_000, maxAnswerBytes: 1_000_000, maxConnections: 5,
    allowPrivate: [], redirects: 0, allowHosts: [], keys: {},
    signing: { key: undefined, scheme: 'http-signature', algorithm: 'ed25519', keyId: undefined },
    verify: { key: undefined, scheme: 'http-signature', algorithm: 'ed25519', keyId: undefined, covers: ['@status'], toleranceMs: 300_000 },
    encryption: { key: undefined, algorithm: 'dir', content: 'A256GCM', keyId: undefined },
    decryption: { key: undefined, algorithm: 'dir', content: 'A256GCM', required: false },
    tls: { ca: undefined, certificate: undefined, key: undefined, serverName: undefined, pins: [], minVersion: 'TLSv1.2' },
    probe: { path: undefined, everyMs: 30_000, timeoutMs: 5_000, expect: undefined },
    record: { file: undefined, mask: [], maxSizeBytes: 1_000_000 },
    ...more,
  }
  const partner = new HttpPartner({ target: readTarget(settings), settings, protection: {}, clock: systemClock, resolve })
  t.teardown(() => partner.close())
  return partner
}
