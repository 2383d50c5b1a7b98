import test from 'ava'
import fc from 'fast-check'
import { requestMaker } from '../../../../kernel/ports/integrations/request.ts'
import type { Json } from '../../../../kernel/json.ts'

const origin = 'https://pay.example.com'
const made = (path: string, input: Json) => requestMaker({ method: 'GET', path, query: { 'q[]': '{q}', 'v': '1' } })(input)

/** Texts with much of what URLs treat in a way of its own. */
const odd = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.string({ unit: fc.constantFrom(...Array.from('./\\%2e?#;:@&=+\'"<>`{}|^~ \t\n')), maxLength: 8 }))

test('a path is as a URL writes it, whatever it is filled from, and leads nowhere else', (t) => {
  const forms = ['/{id}', '/v1/{id}/items', '/a.{id}', '/{id}.{id}/', "/a~b!$&'()*+,;=:@-_/{id}"]
  fc.assert(fc.property(fc.constantFrom(...forms), odd, odd, odd, (form, id, q, rest) => {
    const request = made(form, { id, q, [`x${rest}`]: rest })
    if ('errors' in request) return
    const { path } = request.request

    t.is(new URL(origin + path).href, origin + path)
    t.is(new URL(origin + path).pathname.split('/').length, form.split('/').length)
  }), { numRuns: 2_000 })
})

test('a form that no input can change makes the same request each time, with the input as its body', (t) => {
  const make = requestMaker({ method: 'POST', path: '/charges', headers: { 'X-Plain': 'as it is' } })

  for (const input of [{ amount: 5 }, [1, 2], null, 'text']) {
    t.deepEqual(make(input), { request: { method: 'POST', path: '/charges', headers: { 'x-plain': 'as it is' }, body: JSON.stringify(input) } })
  }
})
