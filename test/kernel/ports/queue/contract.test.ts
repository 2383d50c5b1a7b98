import test from 'ava'
import { queue } from '../../../../kernel/ports/queue/index.ts'
import { queueContract } from '../../../contract/queue.ts'

test('the contract proves each capability of the port by a case of its own', (t) => {
  const proven = new Set(queueContract.flatMap(({ needs }) => needs))

  t.deepEqual(Object.keys(queue.capabilities).filter((capability) => !proven.has(capability as never)), [])
})

test('no two cases have one title', (t) => {
  t.is(new Set(queueContract.map(({ title }) => title)).size, queueContract.length)
})
