/**
 * Goes with everything that reads documents. The SDK looks the names of fields up in this object (7.8): in one with a prototype it
 * finds `constructor`, and an array in a field of that name came back as bytes. Set for the client, it does not reach a bare command.
 */
export const bsonOptions = { fieldsAsRaw: Object.create(null) as Record<string, never> } as const
