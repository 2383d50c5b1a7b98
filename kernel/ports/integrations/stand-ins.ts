import type { Json, JsonSchema } from '../../json.ts'
import { httpForm, type HttpForm } from './http-form.ts'
import { mailForm } from './mail-form.ts'

/** All that is declared for the built-in drivers. */
const forms = { ...httpForm.properties, ...mailForm.properties }

/** What drivers that stand in for another one read of an operation. */
export interface StandInKeys {
  readonly answer?: Json
  readonly reuse?: boolean
}

/**
 * What a driver that stands in for another one declares: it takes what is declared for the other, and asks for none of it,
 * so that an operation need not change with its driver.
 */
export const standInForm: JsonSchema = { type: 'object', properties: forms }

/** Of a driver that gives declared answers. */
export const staticForm: JsonSchema = {
  type: 'object',
  properties: { ...forms, answer: { description: 'The answer of the driver `static`: any JSON that fits `output`.' } },
}

/** Of a driver that gives earlier answers. */
export const reuseForm: JsonSchema = {
  type: 'object',
  properties: { ...forms, reuse: { type: 'boolean', description: 'Whether the driver `cache` may give the last good answer to the same input again; unless set only for a `method` of GET.' } },
}

export function isReusable({ reuse, method }: StandInKeys & Partial<HttpForm>): boolean {
  return reuse ?? method === 'GET'
}
