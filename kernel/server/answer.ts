import type { FastifyReply, FastifyRequest } from 'fastify'
import { errorsOf, kernelErrors, type ErrorTable, type PorticoError } from '../errors.ts'
import { JsonText } from '../json.ts'
import type { AnyPort } from '../ports/definition.ts'
import type { HttpOperation } from './input.ts'
import { serializerOf, type Serialize } from './serialize.ts'
import { writeEmpty, writeText } from './write-text.ts'

const jsonType = 'application/json; charset=utf-8'

type Fields = Readonly<Record<string, unknown>>

/** The writer of one operation's answers: status, headers and body of its output, as its `http` says. Answers the status. */
export function answerWriter(port: AnyPort, operation: HttpOperation): (request: FastifyRequest, reply: FastifyReply, binding: string, input: Fields, output: unknown) => number {
  const { status, answer, nullIs } = operation.http
  // Compiled at the first answer: most operations are never called before a server ends.
  let serialize: Serialize | undefined

  return (request, reply, binding, input, output) => {
    if ((output === null || output === undefined) && nullIs !== undefined) throw nullError(port, nullIs, input)
    const fields = isFields(output) ? output : {}
    const code = typeof status === 'number' ? status : fields[status.field] === status.equals ? status.then : status.else

    const version = answer?.etag === undefined ? undefined : fields[answer.etag]
    if (typeof version === 'string') {
      reply.header('etag', `"${version}"`)
      if (operation.http.method === 'GET' && matches(request.headers['if-none-match'], version)) {
        writeEmpty(reply, 304)
        return 304
      }
    }
    if (answer?.location !== undefined) reply.header('location', `/v1/${binding}${fill(answer.location, fields, input)}`)

    if (code === 204 || output === undefined) {
      writeEmpty(reply, code)
      return code
    }
    serialize ??= serializerOf(operation.output, answer?.omit)
    writeText(reply, code, jsonType, serialize(output))
    return code
  }
}

/** Whether `If-None-Match` names the version; compared weakly, as RFC 9110 says for it. */
function matches(header: string | undefined, version: string): boolean {
  if (header === undefined) return false
  return header === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === `"${version}"`)
}

function fill(template: string, output: Fields, input: Fields): string {
  return template.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(output[name] ?? input[name])))
}

function nullError(port: AnyPort, code: string, input: Fields): PorticoError {
  const table: ErrorTable = { ...kernelErrors, ...port.errors }
  // Which data a detail takes is known where its table is declared: of `nullIs` it is the operation's input.
  return errorsOf(table)(code, input as never)
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonText)
}
