import { InputError } from './outcome.ts'

const timeoutMs = 30_000

/** A running server refused what it was asked; `code` is that of its problem. */
export class ServerRefusal extends InputError {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/**
 * What a running server answers; undefined when the answer has no body.
 * @throws ServerRefusal with the server's own words · InputError when no Portico answers there.
 */
export async function askServer(url: string, method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
  if (!URL.canParse(url)) throw new InputError(`${url} is no URL; give one as http://127.0.0.1:7070`)
  const { status, answer } = await send(new URL(path, url), method, body).catch((cause: unknown) => {
    throw new InputError(`no Portico answers at ${url}`, { cause })
  })
  if (status < 400) return answer
  if (!isRecord(answer) || typeof answer['code'] !== 'string') throw new InputError(`${url} answers, but it is no Portico`)
  throw new ServerRefusal(answer['code'], wordsOf(answer, answer['code']))
}

async function send(url: URL, method: string, body: object | undefined): Promise<{ readonly status: number; readonly answer: unknown }> {
  const response = await fetch(url, {
    method, redirect: 'error', signal: AbortSignal.timeout(timeoutMs),
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const text = await response.text()
  return { status: response.status, answer: text === '' ? undefined : JSON.parse(text) as unknown }
}

function wordsOf(problem: Readonly<Record<string, unknown>>, code: string): string {
  const { detail, errors } = problem
  const places = Array.isArray(errors) ? errors.flatMap((one) => (isRecord(one) ? `${String(one['path'])} ${String(one['message'])}` : [])) : []
  return `${typeof detail === 'string' ? detail : 'the server refused'}${places.length > 0 ? `: ${places.join(', ')}` : ''} (${code})`
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
