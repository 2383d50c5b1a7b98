/** A document as the SDK's types want it. */
export interface Kept {
  _id: string
  [field: string]: unknown
}
