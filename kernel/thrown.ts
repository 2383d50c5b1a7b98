/** What was thrown, in its own words. An owner's code can throw anything, also what is no text and becomes none. */
export function wordsOfThrown(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown)
  } catch {
    return `something was thrown that says nothing of itself (${typeof thrown})`
  }
}
