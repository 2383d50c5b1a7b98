import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  maxLocks: {
    doc: 'How many locks may be held at once; one more is refused with LOCK_FULL.',
    format: 'integer', default: 100_000, min: 1, max: 10_000_000,
  },
})
