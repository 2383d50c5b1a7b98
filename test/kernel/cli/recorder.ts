import { Redaction } from '../../../kernel/redaction.ts'
import { plain, type Terminal } from '../../../kernel/cli/terminal.ts'

/** A terminal that keeps what is written to it. */
export function recorder(directory = '/', env: Terminal['env'] = {}): Terminal & { readonly written: { out: string; err: string } } {
  const written = { out: '', err: '' }
  return {
    written, paint: plain, paintErr: plain, screen: undefined, env, directory, redaction: new Redaction(),
    out: (text) => { written.out += text },
    err: (text) => { written.err += text },
  }
}
