import test from 'ava'
import { addCounts, countTap, failuresOf, formatCounts } from './tap.ts'

const report = `TAP version 13
ok 1 - storage › reads
#   ok 1 - a line that the test logged
not ok 2 - storage › writes
  ---
    message: not ok 9 - inside a diagnostic
  ...
ok 3 - not # SKIP in the middle of a title
ok 4 - storage › later # SKIP
not ok 5 - storage › some day # TODO
1..5
# tests 5
# pass 2
# fail 1
`

test('counts results, and nothing that only looks like one', (t) => {
  t.deepEqual(countTap(report, 1), { passed: 2, failed: 1, skipped: 2 })
})

test('a report that breaks off has a failure', (t) => {
  t.deepEqual(countTap('TAP version 13\nok 1 - reads\n', 1), { passed: 1, failed: 1, skipped: 0 })
  t.deepEqual(countTap('TAP version 13\nok 1 - reads\n', 0), { passed: 1, failed: 1, skipped: 0 })
  t.deepEqual(countTap('', 0), { passed: 0, failed: 1, skipped: 0 })
})

test('a result that the plan promised and the report lacks is a failure', (t) => {
  t.deepEqual(countTap('ok 1 - reads\n1..3\n# fail 0\n', 0), { passed: 1, failed: 2, skipped: 0 })
})

test('a runner that fails without naming a failure has one', (t) => {
  t.deepEqual(countTap('ok 1 - reads\n1..1\n# fail 0\n', 1), { passed: 1, failed: 1, skipped: 0 })
  t.deepEqual(countTap('ok 1 - reads\n1..1\n# fail 0\n', null), { passed: 1, failed: 1, skipped: 0 })
})

test('counts are added, and skipped ones told only when there are any', (t) => {
  t.is(formatCounts(addCounts([{ passed: 2, failed: 0, skipped: 0 }, { passed: 3, failed: 1, skipped: 0 }])), '5 passed, 1 failed')
  t.is(formatCounts({ passed: 1, failed: 0, skipped: 4 }), '1 passed, 0 failed, 4 skipped')
})

test('a failure is told again with what stands below it, and no more lines than asked for', (t) => {
  t.deepEqual(failuresOf(report), ['not ok 2 - storage › writes\n  ---\n    message: not ok 9 - inside a diagnostic\n  ...'])
  t.deepEqual(failuresOf(report, 2), ['not ok 2 - storage › writes\n  ---'])
  t.deepEqual(failuresOf('ok 1 - reads\n1..1\n'), [])
})
