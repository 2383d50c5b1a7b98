import type { JsonSchema } from '../../json.ts'
import type { Where } from './operations.ts'

/** A view as the manifest writes it. */
export interface ViewKeys {
  /** A collection of the same binding. */
  readonly from: string
  readonly where?: Where
  /** Result field → path in the collection's documents; without it the value stays as it is. */
  readonly select?: Readonly<Record<string, string>>
}

export const viewSchema: JsonSchema = {
  type: 'object', additionalProperties: false, required: ['from'],
  description: 'A read-only projection of a collection.',
  properties: {
    from: { type: 'string', minLength: 1, description: 'The collection, of the same binding.' },
    where: { type: 'object', description: 'Which of its records are in the view: a condition as `_find` takes it, over paths of the collection.' },
    select: {
      type: 'object', minProperties: 1, maxProperties: 100, additionalProperties: { type: 'string', minLength: 1, maxLength: 1_000 },
      description: 'The fields of the result: name → path in the collection\'s documents. A dot in a name nests. The whole value unless set.',
    },
  },
}
