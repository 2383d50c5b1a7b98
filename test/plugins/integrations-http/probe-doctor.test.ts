import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { main } from '../../../kernel/cli/main.ts'
import { recorder } from '../../kernel/cli/recorder.ts'
import { emptyFolder } from './outbox.ts'
import { startPartner } from './partner.ts'

test('portico doctor looks at a partner that has a probe once, and tells of one that is away', async (t) => {
  let looks = 0
  const { url } = await startPartner(t, (_, response) => {
    looks++
    response.end()
  })
  const manifest = join(emptyFolder(t), 'infra.config.yaml')
  const partnerAt = (baseUrl: string) => ({ use: 'http', with: { baseUrl, probe: { path: '/ping', every: '1s' } }, operations: { pay: { method: 'POST', path: '/pay' } } })
  const ask = async (ports: object) => {
    writeFileSync(manifest, JSON.stringify({ version: 1, name: 'test', ports }))
    const terminal = recorder()
    return { status: await main(['doctor', '-f', manifest, '--json'], terminal), told: JSON.parse(terminal.written.out) as object }
  }

  t.like(await ask({ 'integrations.here': partnerAt(url) }), { status: 0, told: { ok: true } })
  t.is(looks, 1)
  t.like(await ask({ 'integrations.away': partnerAt('http://127.0.0.1:1') }), { status: 1, told: { findings: [{ status: 'degraded', error: "the partner's probe: INTEGRATION_UNREACHABLE" }] } })
})
