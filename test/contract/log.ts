import type { Log } from '../../kernel/plugin.ts'

/** Keeps the output of a test to the test. */
export const silentLog: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => silentLog }
