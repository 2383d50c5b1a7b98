/** What a column can hold, in the words of no single database. */
export type ColumnKind =
  /**
   * `padded`: trailing spaces are not kept. Lengths are undefined where there is no bound. `collation` is told where the column
   * lacks characters, so that a parameter must be brought into it (`Dialect.collated`) to be compared.
   */
  | { readonly is: 'text'; readonly maxChars?: number; readonly maxBytes?: number; readonly padded: boolean; readonly collation?: string }
  | { readonly is: 'integer'; readonly min: bigint; readonly max: bigint }
  /** Exact decimals: `digits` in all, `scale` of them after the point; undefined where there is no bound. */
  | { readonly is: 'decimal'; readonly digits?: number; readonly scale?: number }
  /** An instant, with so many digits after the second. */
  | { readonly is: 'time'; readonly fraction: number }
  /** One of some texts. `orBlank`: and '' where another program wrote what is none of them. */
  | { readonly is: 'choice'; readonly values: readonly string[]; readonly orBlank?: true }
  /** `uuid` is told in lower case with dashes. */
  | { readonly is: 'double' | 'float' | 'boolean' | 'json' | 'uuid' | 'date' | 'other' }

export interface SqlColumn {
  readonly name: string
  readonly kind: ColumnKind
  /** The type in the database's own words. */
  readonly declared: string
  readonly nullable: boolean
  /** Whether a row may be added without it though it is not nullable: it has a default, or is counted up. */
  readonly filled: boolean
  /** The database computes it, and takes no value for it. */
  readonly generated: boolean
}

export interface SqlIndex {
  readonly name: string
  /** The names of its columns; undefined in the place of an expression. */
  readonly columns: readonly (string | undefined)[]
  readonly unique: boolean
  readonly primary: boolean
  /** It leaves out some rows, or holds only the beginning of a value. */
  readonly partial: boolean
  /** Its first column is in the order of its text's UTF-8 bytes. */
  readonly bytewise: boolean
}

/** What a table of anybody's has, in the order of its columns. */
export interface TableStructure {
  readonly columns: readonly SqlColumn[]
  /** That of the primary key too. */
  readonly indexes: readonly SqlIndex[]
}

/** The integers of so many bits. */
export function integerOf(bits: number, unsigned = false): ColumnKind {
  const values = 2n ** BigInt(bits)
  return unsigned ? { is: 'integer', min: 0n, max: values - 1n } : { is: 'integer', min: -values / 2n, max: values / 2n - 1n }
}
