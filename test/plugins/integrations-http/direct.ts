import type { ExecutionContext } from 'ava'
import type { Call, SettingsOf } from '../../../kernel/plugin.ts'
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
    allowPrivate: [], redirects: 0, allowHosts: [],
    tls: { ca: undefined, certificate: undefined, key: undefined, serverName: undefined, pins: [], minVersion: 'TLSv1.2' },
    ...more,
  }
  const partner = new HttpPartner(readTarget(settings), settings, resolve)
  t.teardown(() => partner.close())
  return partner
}
