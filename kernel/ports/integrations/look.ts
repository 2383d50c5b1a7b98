/** How a look at the partner went: without a `code` it was well. */
export interface Look {
  /** In ms since 1970. */
  readonly at: number
  readonly code?: string
}
