import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  maxSize: {
    doc: 'How much memory the jobs may take together, finished ones included. An eighth of it is for what workers report: an enqueue that needs it is refused with QUEUE_FULL.',
    format: 'bytes', default: '64MiB', min: 65_536,
  },
})
