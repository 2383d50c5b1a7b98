/** `; did you mean "file"?` for the nearest of the known words, or nothing when none is near. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const nearest = suggest(word, known)
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`
}

const mostListed = 16

/** `didYouMean`, or where no known word is near and they are few, all of them. */
export function whatThereIs(word: string, known: readonly string[]): string {
  return didYouMean(word, known) || (known.length > 0 && known.length <= mostListed ? `; there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}` : '')
}

/** The known word that `word` is most likely a slip of, or a part of; undefined when none is near. */
export function suggest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > 60) return undefined
  const words = [...known]
  return nearest(word, words) ?? onlyWhole(word, words)
}

/** `breaker` for `circuitBreaker`; a few letters stand in too many words. */
function onlyWhole(part: string, known: readonly string[]): string | undefined {
  const wholes = part.length < 4 ? [] : known.filter((candidate) => candidate.toLowerCase().includes(part.toLowerCase()))
  return wholes.length === 1 ? wholes[0] : undefined
}

function nearest(word: string, known: readonly string[]): string | undefined {
  let best: string | undefined
  // A third of the letters may be wrong; a short word needs to be off by one.
  let bound = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) >= bound) continue
    const edits = distance(word.toLowerCase(), candidate.toLowerCase())
    if (edits < bound) [best, bound] = [candidate, edits]
  }
  return best
}

/** Edits between two words: insert, delete, replace, and swap of neighbours (optimal string alignment). */
function distance(a: string, b: string): number {
  let older: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1
      let edits = Math.min((above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (above[column - 1] ?? 0) + cost)
      if (a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) edits = Math.min(edits, (older[column - 2] ?? 0) + 1)
      current.push(edits)
    }
    older = above
    above = current
  }
  return above[b.length] ?? 0
}
