import { isPorticoError, type PorticoError } from '../../errors.ts'
import { FaultyLine } from './lines.ts'
import type { NumberedRecord } from './reader.ts'

/** How a list of records names one of them. */
const operation = /^\/operations\/(\d+)/

const remedies: Readonly<Record<string, string>> = {
  STORAGE_ALREADY_EXISTS: '--resume goes on with an import that was broken off, --on-conflict skip or replace decides otherwise',
  STORAGE_NOT_UNIQUE: 'change one of the two, or take this line out and import with --partial',
  STORAGE_VALUE_INVALID: 'import under a manifest whose schema admits it, or mend the value and import with --partial',
}

/** What is wrong with one record, at its line and with the remedy; any other error as it is. */
export function toFaultyLine(file: string, error: unknown, records: readonly NumberedRecord[]): unknown {
  if (!isPorticoError(error)) return error
  const place = operation.exec(error.errors[0]?.path ?? '')
  const record = records[place ? Number(place[1]) : 0]
  if (!record || (!place && records.length > 1)) return error

  const remedy = remedies[error.code]
  const name = `${record.collection}/${record.record.id}`
  const told = error.message.includes(name) ? error.message : `${name.slice(0, 120)}: ${error.message}`
  return new FaultyLine(file, record.line, `${told}${fieldsOf(error)}${remedy === undefined ? '' : `; ${remedy}`}`, { code: error.code })
}

function fieldsOf({ errors }: PorticoError): string {
  const fields = errors.map(({ path, message }) => ({ path: path.replace(operation, ''), message })).filter(({ path }) => path !== '')
  return fields.length === 0 ? '' : `: ${fields.slice(0, 3).map(({ path, message }) => `${path} ${message}`).join(', ')}`
}
