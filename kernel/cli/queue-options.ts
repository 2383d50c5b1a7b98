import { type Command, InvalidArgumentError } from 'commander'
import { parseDuration } from '../manifest/units.ts'
import { withManifest } from './with-manifest.ts'

export function withServer(command: Command): Command {
  return withManifest(command).option('--url <url>', 'where the server runs; as its manifest says unless given')
}

export function withBinding(command: Command): Command {
  return withServer(command).option('--binding <name>', 'the queue binding: queue, or the only one, unless given')
}

/** Which dead jobs are meant; those with an error of this code, and so on. */
export function withFilter(command: Command): Command {
  return command
    .option('--code <code>', 'only those with an error of this code')
    .option('--text <text>', 'only those with this text in their payload or in an error')
    .option('--since <when>', 'only those that died since then: a time, or how long ago (2h)', time)
    .option('--before <when>', 'only those that died before then', time)
}

export function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new InvalidArgumentError('It must be a duration such as 500ms, 30s, 5m or 1h.')
  return ms
}

export function count(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.')
  return Number(text)
}

export function rate(text: string): number {
  if (!/^\d{1,7}(\.\d{1,3})?$/.test(text) || Number(text) < 0.001 || Number(text) > 1_000_000) throw new InvalidArgumentError('It must be a number from 0.001 to 1000000.')
  return Number(text)
}

/** `2026-11-21`, a full time with its zone, or how long ago; answers a full time in UTC. */
function time(text: string): string {
  const agoMs = parseDuration(text)
  const written = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN
  const at = new Date(agoMs === undefined ? written : Date.now() - agoMs)
  if (Number.isNaN(at.getTime()) || at.getTime() < 0) throw new InvalidArgumentError('It must be a time such as 2026-11-21 or 2026-11-21T10:00:00Z, or how long ago: 30m, 2h, 7d.')
  return at.toISOString()
}
