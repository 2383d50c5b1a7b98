import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  maxAge: {
    doc: 'How long an entry without an end stays in the database at most: what was invalidated and is never asked for again leaves with its time.',
    format: 'duration', default: '30d', min: 1_000, max: 315_360_000_000,
  },
})
