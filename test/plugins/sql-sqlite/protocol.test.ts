import test from 'ava'
import { Packer, Unpacker } from '../../../plugins/sql-sqlite/protocol.ts'

const program = (sql: string) => [{ sql, params: ['text', 1, -0.5, null, 2n ** 60n], expect: 0 }, { sql: 'other', params: [] }]

test('programs arrive as they were sent, and each text is sent once', (t) => {
  const packer = new Packer()
  const unpacker = new Unpacker()
  const first = packer.pack([program('one'), [], program('two')])
  const second = packer.pack([program('two')])

  t.deepEqual(unpacker.unpack(structuredClone(first)), [program('one'), [], program('two')])
  t.deepEqual(unpacker.unpack(structuredClone(second)), [program('two')])
  t.deepEqual(second.texts, [])
})

test('bytes arrive as they were, without the buffer they are a view of', (t) => {
  const every = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  const packed = new Packer().pack([[{ sql: 's', params: [every.subarray(100, 256), new Uint8Array(0)] }]])

  const params = new Unpacker().unpack(structuredClone(packed))[0]?.[0]?.params as Uint8Array[]

  t.deepEqual(params.map((bytes) => [...bytes]), [[...every.subarray(100)], []])
})

test('more texts than are kept start the numbering over, on both ends', (t) => {
  const packer = new Packer()
  const unpacker = new Unpacker()
  let resets = 0

  for (let at = 0; at < 5_000; at++) {
    const packed = packer.pack([program(`text ${at}`)])
    if (packed.reset) resets++
    t.is(unpacker.unpack(structuredClone(packed))[0]?.[0]?.sql, `text ${at}`)
  }

  t.is(resets, 2)
})
