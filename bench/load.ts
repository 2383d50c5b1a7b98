import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export interface Load {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'PUT'
  readonly body?: string
  readonly connections: number
  readonly seconds: number
  /** Only GETs, fewer a second, timed finer than a millisecond. */
  readonly precise?: boolean
}

export interface LoadResult {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Answers that were no 2xx, and connections that failed. */
  readonly failed: number
  /** The status codes that were answered. */
  readonly statuses: readonly string[]
}

/** Loads a server from a process of its own, so that the generator does not share the event loop of what it measures. */
export async function load(wanted: Load): Promise<LoadResult> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('load-process.ts', import.meta.url)), JSON.stringify(wanted)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const result = JSON.parse(await text(child.stdout)) as LoadResult
  if (result.failed > 0) throw new Error(`${result.failed} requests to ${wanted.url} failed (${result.statuses.join(', ')}): the figures would mean nothing`)
  return result
}
