import test from 'ava'
import { Instruments } from '../../../kernel/binding/instruments.ts'
import { prometheusText } from '../../../kernel/binding/prometheus.ts'
import { VirtualClock } from '../../contract/clock.ts'

const figures = { uptimeSeconds: 1, residentBytes: 1, cpuSeconds: 1 }
const textOf = (instruments: Instruments) => prometheusText([], [], figures, instruments.ofPorts)

test('a figure that is asked for again goes on, and stands under its port and binding', (t) => {
  const instruments = new Instruments()
  instruments.meters('queue', 'queue.a').counter('done_total', 'Done.', { queue: 'x"' }).value += 2
  instruments.meters('queue', 'queue.a').counter('done_total', 'Done.', { queue: 'x"' }).value += 3
  instruments.meters('queue', 'queue.b').durations('wait_seconds', 'Wait.', {}, [10, 20]).observe(15)
  instruments.meters('queue', 'queue.b').durations('run_seconds', 'Run.', {}, [10, 20])
  instruments.meters('queue', 'queue.b').gauge('depth', 'Depth.', {})

  t.deepEqual(textOf(instruments).split('\n').filter((line) => line.includes('queue')), [
    '# HELP portico_queue_done_total Done.', '# TYPE portico_queue_done_total counter', 'portico_queue_done_total{binding="queue.a",queue="x\\""} 5',
    '# HELP portico_queue_wait_seconds Wait.', '# TYPE portico_queue_wait_seconds histogram',
    'portico_queue_wait_seconds_bucket{binding="queue.b",le="0.01"} 0', 'portico_queue_wait_seconds_bucket{binding="queue.b",le="0.02"} 1', 'portico_queue_wait_seconds_bucket{binding="queue.b",le="+Inf"} 1',
    'portico_queue_wait_seconds_sum{binding="queue.b"} 0.015', 'portico_queue_wait_seconds_count{binding="queue.b"} 1',
  ])
})

test('a scrape has what is looked up at once, and goes on without what is not', async (t) => {
  const instruments = new Instruments()
  const clock = new VirtualClock()
  const meters = instruments.meters('queue', 'queue')
  const depth = meters.gauge('depth', 'Depth.', {})
  meters.onScrape(async () => { depth.value = 7 })
  await instruments.look(clock)
  t.true(textOf(instruments).includes('portico_queue_depth{binding="queue"} 7'))

  const end = meters.onScrape(() => new Promise(() => undefined))
  let gone = false
  const looking = instruments.look(clock).then(() => { gone = true })
  await clock.advance(249)
  t.false(gone)
  await clock.advance(1)
  await looking
  end()
  await instruments.look(clock)
})
