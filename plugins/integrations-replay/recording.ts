import { open } from 'node:fs/promises'
import type { Log } from '../../kernel/plugin.ts'
import { exchangeSchema, maxExchangeDepth, type Exchange } from '../../kernel/ports/integrations/index.ts'
import { schemaCheck, type SchemaCheck } from '../../kernel/ports/schema-check.ts'
import { findBadText } from '../../kernel/ports/text.ts'

/** An exchange and the number of its line, from 1 on. */
export interface Recorded {
  readonly line: number
  readonly exchange: Exchange
}

/**
 * The exchanges of a file, in their order. Empty lines are passed over, and so is a last line that was cut short.
 * @throws Error that names the line that is no exchange; never with what stands in it.
 */
export async function readRecording(file: string, maxBytes: number, log: Log): Promise<readonly Recorded[]> {
  const lines = (await readText(file, maxBytes)).split('\n')
  const check = schemaCheck(exchangeSchema)
  return lines.flatMap((text, index) => {
    if (text.trim() === '') return []
    const line = index + 1
    const read = readExchange(text, check)
    if ('exchange' in read) return [{ line, exchange: read.exchange }]
    if (line < lines.length) throw new Error(`file: line ${line} of ${file} is no exchange: ${read.wrong}`)
    log.warn({ file, line }, 'the last line of the recording was cut short, and is passed over')
    return []
  })
}

async function readText(file: string, maxBytes: number): Promise<string> {
  const handle = await open(file, 'r').catch((cause: unknown) => { throw new Error(`file: ${file} cannot be read`, { cause }) })
  try {
    const info = await handle.stat()
    if (!info.isFile()) throw new Error(`file: ${file} is no file`)
    if (info.size > maxBytes) throw new Error(`file: ${file} is larger than maxSize, ${maxBytes} bytes`)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

function readExchange(text: string, check: SchemaCheck): { readonly exchange: Exchange } | { readonly wrong: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { wrong: 'it is not well-formed JSON' }
  }
  // Before the schema: what is too deep must not be walked.
  const error = findBadText(value, { maxDepth: maxExchangeDepth }) ?? check(value)[0]
  return error ? { wrong: `${error.path || 'it'} ${error.message}` } : { exchange: value as Exchange }
}
