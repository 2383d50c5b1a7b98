import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  maxSize: { doc: 'How much of inputs and answers is kept in memory; what was used longest ago goes first.', format: 'bytes', default: '16MiB', min: 1_024, max: 4_294_967_296 },
  maxAge: { doc: 'How old an answer may be.', format: 'duration', default: '1d', min: 1_000 },
})
