import { defineSettings } from '../../kernel/plugin.ts'

export const settings = defineSettings({
  file: { doc: 'The database file; it and its folder are made when they are not there.', format: 'path' },
  writer: {
    doc: 'Where writes run: in a worker thread, so that reads never wait for a commit, or on the main thread, which answers a lone writer sooner.',
    format: ['worker', 'main'],
    default: 'worker',
  },
  synchronous: {
    doc: 'full: what was answered survives a power cut. normal: it survives a crash of the process, and a power cut may take the last commits.',
    format: ['full', 'normal'],
    default: 'full',
  },
  busyTimeout: { doc: 'How long a write waits for another process that is writing to the same file.', format: 'duration', default: '5s', min: 0, max: 60_000 },
  cacheSize: { doc: 'Memory for pages of the file, for each of up to three connections to it.', format: 'bytes', default: '16MiB', min: 1_048_576 },
})
