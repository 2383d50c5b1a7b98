import { Readable, Writable } from 'node:stream'
import { Redaction } from '../../../kernel/redaction.ts'
import { plain, type Terminal } from '../../../kernel/cli/terminal.ts'

/** A terminal that keeps what is written to it. */
export function recorder(directory = '/', env: Terminal['env'] = {}): Terminal & { readonly written: { out: string; err: string } } {
  const written = { out: '', err: '' }
  return {
    written, paint: plain, paintErr: plain, screen: undefined, progress: undefined, env, directory, redaction: new Redaction(),
    input: Readable.from([]),
    output: new Writable({ write: (chunk: Buffer, _encoding, done) => { written.out += chunk.toString(); done() } }),
    out: (text) => { written.out += text },
    err: (text) => { written.err += text },
  }
}
