/**
 * Runs `shutDown` at the first SIGTERM or SIGINT; a second signal ends the process at once with the signal's status
 * (128 + number, as a shell reports it). Answers what takes the handlers back.
 */
export function onSignals(process: NodeJS.Process, shutDown: (signal: NodeJS.Signals) => void): () => void {
  const numbers = { SIGINT: 2, SIGTERM: 15 } as const
  let first = true

  const handler = (signal: NodeJS.Signals) => {
    if (!first) process.exit(128 + (signal === 'SIGINT' ? numbers.SIGINT : numbers.SIGTERM))
    first = false
    shutDown(signal)
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, handler)
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, handler)
  }
}
