import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  file: { doc: 'The recording, as `record.file` of the driver `http` writes it; it is only read.', format: 'path' },
  maxSize: { doc: 'The largest recording that is read; all of it is held in memory.', format: 'bytes', default: '64MiB', min: 1_024, max: 1_073_741_824 },
})
