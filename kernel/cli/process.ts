import { main } from './main.ts'
import { processTerminal, type Terminal } from './terminal.ts'

/** Runs one command in this process and ends the process with the command's exit status, whatever is left open. */
export async function runProcess(argv: readonly string[]): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', endOnBrokenPipe)
  const terminal = processTerminal()
  process.on('uncaughtException', (error) => { endOnBug(error, terminal) })
  process.once('beforeExit', endOnNothing)

  const status = await main(argv, terminal)
  await Promise.all([written(process.stdout), written(process.stderr)])
  process.exit(status)
}

/** Who reads our output may stop reading: `portico plugins | head -3`. */
function endOnBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
}

/** Node alone would warn of a line of ours and end with 13. */
function endOnNothing(): void {
  process.stderr.write('nothing is left that could end this command: code of yours, such as a step of `migrations`, waits for a promise that nobody settles\n')
  process.exit(1)
}

function endOnBug(error: unknown, { redaction }: Terminal): void {
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`This is a bug of Portico: ${redaction.text(told)}\n`)
  process.exit(70)
}

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => {
      resolve()
    })
  })
}
