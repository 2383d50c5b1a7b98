import { appendFileSync, readFileSync, statSync } from 'node:fs'
import test from 'ava'
import { emptyFile, linesOf, replay, startRecording } from '../integrations-replay/recorded.ts'
import { bodyOf, echo, startPartner } from './partner.ts'

const operations = { pay: { method: 'POST', path: '/pay', headers: { 'x-of-operation': '{ticket}' }, idempotencyKey: true }, slow: { method: 'POST', path: '/slow' } }

test('an exchange has the input and the answer, and no header or address, also when the partner says a header of the settings again', async (t) => {
  const { url } = await startPartner(t, echo)
  const file = emptyFile(t)
  const headers = { authorization: 'Bearer tok-abcdefgh', 'x-api': 'k3y/"q', accept: 'application/json' }
  const { partner, close } = await startRecording(t, url, operations, { headers, record: { file, mask: ['/output/headers/x-of-operation'] } })

  await partner.call({ operation: 'pay', input: { amount: 5, ticket: 'ticket-1' }, idempotencyKey: 'idem-1234' })
  await close()

  const text = readFileSync(file, 'utf8')
  t.like(linesOf(file)[0], { operation: 'pay', input: { amount: 5 }, answer: { status: 200, mediaType: 'application/json', body: { method: 'POST', body: { amount: 5 } } } })
  t.deepEqual(['tok-abcdefgh', 'k3y'].filter((secret) => text.includes(secret)), [])
  t.deepEqual(Object.keys(linesOf(file)[0] ?? {}), ['operation', 'input', 'at', 'answer'])
  t.is(statSync(file).mode & 0o777, 0o600)
})

test('a secret of the settings is masked wherever a text holds it, and an exchange that has it in a name is not recorded', async (t) => {
  const { url } = await startPartner(t, (request, response) => {
    void bodyOf(request).then((text) => {
      const { say, name } = JSON.parse(text) as { say: string; name?: string }
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ said: [`you said ${say}`], [name ?? 'none']: 1 }))
    })
  })
  const file = emptyFile(t)
  const { partner, close } = await startRecording(t, url, operations, { headers: { authorization: 'Bearer tok-abcdefgh' }, record: { file } })

  await partner.call({ operation: 'slow', input: { say: 'tok-abcdefgh' } })
  await partner.call({ operation: 'slow', input: { say: 'x', name: 'tok-abcdefgh' } })
  await partner.call({ operation: 'slow', input: { say: 'x', nested: { 'my tok-abcdefgh': 1 } } })
  await partner.call({ operation: 'slow', input: { say: 'y' } })
  await close()

  t.like(linesOf(file), [{ input: { say: '***' }, masked: ['/input/say'], answer: { body: { said: ['***'] } } }, { input: { say: 'y' } }])
  t.is(linesOf(file).length, 2)
  t.false(readFileSync(file, 'utf8').includes('tok-abcdefgh'))
})

test('what the mask leads to is written nowhere, keeps its shape, and its call is answered from the recording', async (t) => {
  const { url } = await startPartner(t, echo)
  const file = emptyFile(t)
  const mask = ['/input/card', '/input/people/*/name', '/output/body/card', '/output/body/people', '/output/headers']
  const { partner, close } = await startRecording(t, url, operations, { record: { file, mask } })
  const input = { amount: 5, card: { number: '4242-4242', cvc: 123, saved: true }, people: [{ name: 'Ada', id: 1 }, { name: 'Bob', id: 2 }] }

  await partner.call({ operation: 'slow', input })
  await close()

  const [exchange] = linesOf(file)
  t.like(exchange, {
    input: { amount: 5, card: { number: '***', cvc: 0, saved: false }, people: [{ name: '***', id: 1 }, { name: '***', id: 2 }] },
    answer: { body: { body: { amount: 5, card: { number: '***', cvc: 0, saved: false }, people: [{ name: '***', id: 0 }, { name: '***', id: 0 }] } } },
  })
  t.deepEqual(['4242', '123', 'Ada', 'Bob'].filter((secret) => readFileSync(file, 'utf8').replace(/"at":"[^"]*"/, '').includes(secret)), [])
  const again = await replay(t, file, operations)
  t.like(await again.call({ operation: 'slow', input }), { via: 'replay', output: { path: '/slow', body: { amount: 5 } } })
  await t.throwsAsync(again.call({ operation: 'slow', input: { ...input, amount: 6 } }), { code: 'INTEGRATION_NOT_RECORDED' })
})

test('the file stays below maxSize in whole lines, also over a second start, and calls go on without it', async (t) => {
  const { url } = await startPartner(t, echo)
  const file = emptyFile(t)
  const settings = { record: { file, maxSize: '4KiB' } }
  for (let start = 0; start < 2; start++) {
    const { partner, close } = await startRecording(t, url, operations, settings)
    await Promise.all(Array.from({ length: 50 }, (_, n) => partner.call({ operation: 'slow', input: { n } })))
    await close()
  }

  const { size } = statSync(file)
  t.true(size <= 4_096 && size > 2_000, `${size} bytes`)
  t.true(readFileSync(file, 'utf8').endsWith('}\n'))
  t.true(linesOf(file).every(({ operation }) => operation === 'slow'))
})

test('a start goes on after the last whole line of a recording that a crash cut short', async (t) => {
  const { url } = await startPartner(t, echo)
  const whole = `${JSON.stringify({ operation: 'slow', input: { n: 1 }, output: 1 })}\n`
  for (const [before, after] of [[whole, whole], ['', '']] as const) {
    const file = emptyFile(t, before)
    appendFileSync(file, `{"operation":"slow","input":"${'x'.repeat(100_000)}`)
    const { partner, close } = await startRecording(t, url, operations, { record: { file } })

    await partner.call({ operation: 'slow', input: { n: 2 } })
    await close()

    t.true(readFileSync(file, 'utf8').startsWith(`${after}{"operation":"slow","input":{"n":2}`))
    t.is(linesOf(file).length, after === '' ? 1 : 2)
  }
})

test('a partner that is down is recorded as such, and a call that its caller gave up is not', async (t) => {
  let asked: () => void = () => undefined
  const wasAsked = new Promise<void>((resolve) => { asked = resolve })
  const { url, close: stop } = await startPartner(t, (request) => { request.resume(); asked() })
  const file = emptyFile(t)
  const { partner, close } = await startRecording(t, url, operations, { record: { file } })

  const giveUp = new AbortController()
  const givenUp = t.throwsAsync(partner.call({ operation: 'slow', input: { n: 1 } }, { signal: giveUp.signal }))
  await wasAsked
  giveUp.abort()
  await givenUp
  await stop()
  await t.throwsAsync(partner.call({ operation: 'slow', input: { n: 2 } }), { code: 'INTEGRATION_UNREACHABLE' })
  await close()

  t.like(linesOf(file), [{ input: { n: 2 }, failure: { why: 'unreachable', reached: false } }])
  t.is(linesOf(file).length, 1)
})

test('a mask that is no pointer, and a file that cannot be made, refuse the start', async (t) => {
  for (const pointer of ['input/card', '/body/card', '/input/~2', '/inputs', '']) {
    await t.throwsAsync(startRecording(t, 'http://127.0.0.1:9', operations, { record: { file: emptyFile(t), mask: [pointer] } }), { message: /record\.mask/ }, pointer)
  }
  await t.throwsAsync(startRecording(t, 'http://127.0.0.1:9', operations, { record: { file: `${emptyFile(t)}/none/x` } }), { message: /record\.file/ })
})

test('without record.file nothing is written', async (t) => {
  const { url } = await startPartner(t, echo)
  const { partner } = await startRecording(t, url, operations, { record: { mask: ['/input'] } })

  t.like(await partner.call({ operation: 'slow', input: {} }), { via: 'http' })
})
