/** What a driver asks a partner by. */
export type Form = 'http' | 'mail'

export interface ContractOperation {
  readonly http: { readonly method: string; readonly path: string }
  readonly mail: { readonly to: string; readonly subject: string; readonly text: string }
  /** What every driver takes. */
  readonly common?: object
}

export type ContractOperations = Readonly<Record<string, ContractOperation>>

const mail = { to: 'ada@example.org', subject: 'Hello', text: 'Hello' }
const amount = { type: 'object', required: ['amount'], properties: { amount: { type: 'integer', minimum: 1 }, note: { type: 'string' } }, additionalProperties: false }

export const operations = {
  charge: { http: { method: 'POST', path: '/charges' }, mail, common: { idempotent: true, input: amount, data: ['payment'] } },
  /** Its form is filled from the input. */
  item: { http: { method: 'GET', path: '/items/{id}' }, mail: { ...mail, to: '{email}' } },
  anything: { http: { method: 'POST', path: '/anything' }, mail },
} satisfies ContractOperations

/** Whatever it is answered, its schema refuses it. */
export const strict = { strict: { http: { method: 'POST', path: '/strict' }, mail, common: { output: { type: 'object', required: ['what nobody answers'] } } } } satisfies ContractOperations

/** As a manifest declares them for drivers of one form. */
export function declaredFor(form: Form, declared: ContractOperations, more: object = {}): Readonly<Record<string, object>> {
  return Object.fromEntries(Object.entries(declared).map(([name, one]) => [name, { ...(form === 'http' ? one.http : { mail: one.mail }), ...one.common, ...more }]))
}

/** Inputs of `item` that fit no schema's keyword but do not fit the form either, and the field at fault. */
export const misfits: Readonly<Record<Form, readonly (readonly [input: unknown, path: string])[]>> = {
  http: [
    [{}, '/input/id'], [{ id: '' }, '/input/id'], [{ id: '..' }, '/input/id'], [{ id: '../../admin' }, '/input/id'], [{ id: '..\\admin' }, '/input/id'], [{ id: { a: 1 } }, '/input/id'],
    [{ id: 'a', deep: { a: 1 } }, '/input/deep'], [['a'], '/input/id'],
  ],
  mail: [
    [{}, '/input/email'], [{ email: '' }, '/input/email'], [{ email: 'nobody' }, '/input/email'], [{ email: 'a@example.org, b@example.org' }, '/input/email'],
    [{ email: 'a@example.org\r\nBcc: b@example.org' }, '/input/email'], [{ email: { a: 1 } }, '/input/email'], [['a'], '/input/email'],
  ],
}

/** An input that fits. */
export const fits: Readonly<Record<Form, object>> = { http: { id: 'a b' }, mail: { email: 'ada@example.org' } }
