import test from 'ava'
import { PartnerFailure } from '../../../kernel/ports/integrations/index.ts'
import { readRelay, type SmtpSettings } from '../../../plugins/integrations-smtp/relay.ts'
import { SmtpRelay } from '../../../plugins/integrations-smtp/driver.ts'
import { VirtualClock } from '../../contract/clock.ts'
import { call } from '../integrations-http/direct.ts'
import { startRelay } from './relay.ts'

const mail = { to: [{ address: 'ada@example.org' }], cc: [], bcc: [], subject: 's', text: 't' }

function directly(port: number, clock: VirtualClock, maxConnections = 2): SmtpRelay {
  const settings: SmtpSettings = {
    host: '127.0.0.1', port, security: 'none', from: 'shop@example.com', user: undefined, password: undefined, clientName: undefined,
    timeoutMs: 10_000, maxMessageBytes: 100_000, maxConnections, probeEveryMs: 30_000,
    tls: { ca: undefined, certificate: undefined, key: undefined, serverName: undefined, minVersion: 'TLSv1.2' },
  }
  return new SmtpRelay({ relay: readRelay(settings), settings, binding: 'integrations.mail', clock })
}

test('the health of a relay is looked at no more often than the settings say, and a mail that it takes counts as a look', async (t) => {
  const relay = await startRelay(t)
  const clock = new VirtualClock()
  const driver = directly(relay.port, clock)

  for (let times = 0; times < 5; times++) await driver.health(call)
  t.is(relay.seen.connections, 1)
  await clock.advance(30_000)
  await driver.health(call)
  t.is(relay.seen.connections, 2)
  await clock.advance(30_000)
  await driver.send({ operation: 'hello', input: {}, mail }, call)
  await driver.health(call)

  t.deepEqual([relay.seen.connections, relay.delivered.length], [3, 1])
})

test('a relay that is away is told of, also without being asked each time, until it is back', async (t) => {
  const away = await startRelay(t)
  await away.close()
  const clock = new VirtualClock()
  const driver = directly(away.port, clock)

  await driver.health(call)
  const back = await startRelay(t, {}, away.port)
  await driver.health(call)
  t.regex(driver.ailment() ?? '', /ECONNREFUSED/)
  t.deepEqual(driver.lastLook(), { at: clock.now(), code: 'INTEGRATION_UNREACHABLE' })
  t.is(back.seen.connections, 0)
  await clock.advance(30_000)
  await driver.health(call)

  t.is(driver.ailment(), undefined)
  t.deepEqual(driver.lastLook(), { at: clock.now() })
  t.is(back.seen.connections, 1)
})

test('a mail that finds no free connection in time was surely not sent, and one that closes with the driver neither', async (t) => {
  const begun = Promise.withResolvers<undefined>()
  const relay = await startRelay(t, { onMailFrom: () => begun.resolve(undefined) })
  const driver = directly(relay.port, new VirtualClock(), 1)

  const first = t.throwsAsync(driver.send({ operation: 'hello', input: {}, mail }, call), { instanceOf: PartnerFailure })
  await begun.promise
  const second = await t.throwsAsync(driver.send({ operation: 'hello', input: {}, mail }, { ...call, remainingMs: () => 200 }), { instanceOf: PartnerFailure })
  driver.close()

  for (const failure of [second, await first]) t.like(failure, { no: { why: 'timeout', reached: false } })
  t.is(relay.seen.connections, 1)
})
