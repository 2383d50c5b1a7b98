/** What of the state a look needs: see `scripts/library.ts`. */
export const stateFields = ['epoch', 'count', 'prefixed', 'run'] as const

/**
 * Tells of a row's text whether nothing has invalidated it, as far as that shows without its tags and prefixes: nothing was invalidated
 * since it was written, or it has no tags and no prefix was. The state must have been read after the row.
 */
export function judgeOf([epoch, count, prefixed, stateRun]: readonly (string | null)[], run: string): (text: string) => boolean {
  // A state of another run of the server is none, and without one nothing holds.
  if (typeof epoch !== 'string' || stateRun !== run) return () => false
  const prefixedAt = Number(prefixed ?? 0)

  return (text) => {
    const [was, stamp, , tags] = text.slice(0, text.indexOf('\n')).split(' ')
    return was === epoch && (stamp === count || (tags === '-' && Number(stamp) >= prefixedAt))
  }
}
