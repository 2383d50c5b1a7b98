import { readdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { parse } from 'yaml'
import { dueTicks, type Misfire } from '../../../../../kernel/ports/queue/schedules/misfire.ts'
import { faultOfCron, latestTicks, nextTick, nextTicks, type Timing } from '../../../../../kernel/ports/queue/schedules/timing.ts'
import { offsetAt } from '../../../../../kernel/ports/queue/schedules/zones.ts'

const folder = join(import.meta.dirname, 'ticks')

/** What a golden file asks: the ticks of each pattern from an instant on, or those that are due when nobody fired since. */
interface Asked {
  readonly timezone: string
  readonly after: string
  readonly count?: number
  readonly crons: readonly string[]
  readonly returned?: string
}

/** An instant, and what the clocks of the zone show then: what people check. */
function shown(zone: string, atMs: number): string {
  const minutes = offsetAt(zone, atMs) / 60_000
  const offset = `${minutes < 0 ? '-' : '+'}${String(Math.floor(Math.abs(minutes) / 60)).padStart(2, '0')}:${String(Math.abs(minutes) % 60).padStart(2, '0')}`
  return `  ${new Date(atMs).toISOString()}  ${new Date(atMs + minutes * 60_000).toISOString().slice(0, 16).replace('T', ' ')} ${offset}\n`
}

function ticksOf({ timezone, after, count = 5, crons, returned }: Asked): string {
  const afterMs = Date.parse(after)
  return crons.map((cron) => {
    const timing = { cron, timezone }
    const lines = (ticks: readonly number[]) => ticks.map((tick) => shown(timezone, tick)).join('') || '  none\n'
    if (returned === undefined) return `${cron}\n${lines(nextTicks(timing, afterMs, count))}`

    const nextMs = nextTick(timing, afterMs)
    return (['skip', 'once', 'all'] as const).map((misfire) => `${cron} ${misfire}\n${lines(dueTicks(timing, misfire, nextMs, Date.parse(returned)))}`).join('')
  }).join('')
}

for (const file of readdirSync(folder)) {
  test(`ticks: ${file.replace('.golden', '').replaceAll('-', ' ')}`, async (t) => {
    const path = join(folder, file)
    const expected = await readFile(path, 'utf8')

    const actual = expected.split(/^=== (?=asked$)/m).filter((part) => part !== '').map((part) => {
      const asked = part.slice('asked\n'.length).split(/^=== ticks$/m)[0] ?? ''
      return `=== asked\n${asked}=== ticks\n${ticksOf(parse(asked) as Asked)}`
    }).join('')

    // UPDATE_GOLDEN=1 writes what is so now; read the diff before you commit it.
    if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(path, actual)
    t.is(actual, process.env['UPDATE_GOLDEN'] === '1' ? actual : expected)
  })
}

const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'Africa/Casablanca', 'Asia/Kathmandu']
const patterns = ['* * * * *', '*/20 * * * *', '7,37 * * * *', '30 2 * * *', '0 0 * * *', '15 */2 * * *', '45 1 * * SUN', '0 12 1 * *', '59 23 28-31 * *']
const anInstant = fc.integer({ min: Date.UTC(2016, 0, 1), max: Date.UTC(2026, 11, 31) })
const aTiming: fc.Arbitrary<Timing> = fc.oneof(
  fc.record({ cron: fc.constantFrom(...patterns), timezone: fc.constantFrom(...zones) }),
  fc.record({ everyMs: fc.integer({ min: 1_000, max: 86_400_000 }) }),
)

test('from whatever instant one looks, forwards or back, the ticks are the same ones', (t) => {
  fc.assert(fc.property(aTiming, anInstant, fc.integer({ min: 1, max: 40 }), fc.double({ min: 0, max: 1, noNaN: true }), (timing, afterMs, count, part) => {
    const ticks = nextTicks(timing, afterMs, count)
    const first = ticks[0] ?? 0
    const last = ticks.at(-1) ?? 0
    const betweenMs = Math.floor(first + (last - first) * part)

    t.true(ticks.every((tick, at) => tick > (ticks[at - 1] ?? afterMs)))
    t.deepEqual(latestTicks(timing, first, last, count + 5), ticks)
    t.deepEqual(latestTicks(timing, first, last, 3), ticks.slice(-3))
    t.deepEqual(latestTicks(timing, first, betweenMs, count), ticks.filter((tick) => tick <= betweenMs))
    t.is(nextTick(timing, betweenMs), ticks.find((tick) => tick > betweenMs) ?? nextTick(timing, last))
  }), { numRuns: 300 })
})

test('in a whole year every wall-clock time of a pattern fires once, whatever the clocks do', (t) => {
  const start = Date.UTC(2018, 0, 1)
  for (const timezone of zones) {
    const ticks = nextTicks({ cron: '30 2 * * *', timezone }, start, 365)

    const days = new Set(ticks.map((tick) => new Date(tick + offsetAt(timezone, tick)).toISOString().slice(0, 10)))
    t.is(days.size, 365, timezone)
  }
})

test('what was missed for ten years is found without counting it', (t) => {
  const now = Date.UTC(2026, 10, 21, 10)
  const due = dueTicks({ cron: '* * * * *', timezone: 'Europe/Berlin' }, 'all', Date.UTC(2016, 0, 1), now)

  t.is(due.length, 100)
  t.is(due.at(-1), now)
  t.is(due[0], now - 99 * 60_000)
  t.deepEqual(dueTicks({ everyMs: 1_000 }, 'all', Date.UTC(2016, 0, 1), now + 1).length, 100)
})

test('a tick that is found a little late is fired whatever the policy, and none is fired twice for it', (t) => {
  const tick = Date.UTC(2026, 10, 21, 3)
  const nightly = { cron: '0 3 * * *', timezone: 'UTC' }
  const due = (misfire: Misfire, lateMs: number) => dueTicks(nightly, misfire, tick, tick + lateMs)

  t.deepEqual((['skip', 'once', 'all'] as const).map((misfire) => due(misfire, 60_000)), [[tick], [tick], [tick]])
  t.deepEqual((['skip', 'once', 'all'] as const).map((misfire) => due(misfire, 90_001)), [[], [tick], [tick]])
  t.deepEqual((['skip', 'once', 'all'] as const).map((misfire) => due(misfire, -1)), [[], [], []])
})

test('what is no pattern, never comes, or goes by no known zone is told which', (t) => {
  t.is(faultOfCron('0 3 * * *', 'Europe/Berlin'), undefined)
  t.is(faultOfCron('0 0 29 2 *', 'UTC'), undefined)
  for (const cron of [' 0  3\t* * * ', '0,30 */2 1-15/2 JAN-MAR,12 mon-fri', '59 23 * * 7', '00 03 01 01 *']) t.is(faultOfCron(cron, 'UTC'), undefined, cron)
  // What croner reads beside the five fields.
  const more = ['@daily', '2030-01-01T00:00:00Z', '2030-01-01T00:00:00', '2030-01-01', '0 0 L * *', '0 0 15W * *', '0 0 * * 5L', '0 0 * * 1#2', '0 0 1 * +MON', '? ? ? ? ?', '0 0 0 1 1 * 2099', '* * * *']
  for (const cron of ['', 'x', '60 * * * *', '* * * * * *', '0 0 30 2 *', '0 0 31 4,6,9,11 *', '@reboot', '5-1 * * * *', ...more]) t.is(faultOfCron(cron, 'UTC')?.field, 'cron', cron)
  for (const zone of ['Europe/Berlni', '', 'Mars']) t.is(faultOfCron('0 3 * * *', zone)?.field, 'timezone', zone)
})
