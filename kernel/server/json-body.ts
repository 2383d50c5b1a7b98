import { TextDecoder } from 'node:util'
import type { FieldError } from '../errors.ts'
import { findBadText } from '../ports/text.ts'
import { httpError } from './errors.ts'

/** How many arrays and objects may stand in one another in a body. Ports set their own, lower limits. */
export const maxBodyDepth = 64

const decoder = new TextDecoder('utf-8', { fatal: true })

/** How many values a body may hold: no body of 1 MiB holds so many. To parse 16 MiB full of them would keep everyone else waiting. */
export const maxBodyValues = 700_000

/** Bodies without any of these hold nothing that a walk could find, and most have none. Linear: no digit is looked at twice. */
const suspicious = /__proto__|"constructor"|\\u|\d[eE]\+?\d{2}|(?<!\d)\d{200}/

/**
 * A JSON body as a value; undefined for an empty one.
 * @throws HTTP_BODY_MALFORMED for what is not UTF-8 or JSON, is nested deeper than 64 levels, holds more than
 * 700,000 values, or NUL, a lone surrogate, a number beyond doubles, or a field that would reach a prototype (`__proto__`, `constructor.prototype`).
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined
  // Before it is parsed: what recurses over a value later (ajv, serializers) must never meet a deeper one.
  if (bytes.length > maxBodyDepth) refuseShape(bytes)

  const text = decode(bytes)
  const value = parse(text)
  const bad = suspicious.test(text) ? (findBadText(value, { maxDepth: maxBodyDepth }) ?? findConstructor(value)) : undefined
  if (bad) throw malformed(`the body's ${bad.path || 'value'} ${bad.message}`, [bad])
  return value
}

function decode(bytes: Buffer): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw malformed('the body is not valid UTF-8', [{ path: '', message: 'must be UTF-8' }])
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // V8 names the place or quotes its surroundings; the text is the caller's own.
    const reason = error instanceof Error ? error.message.toWellFormed() : 'malformed'
    throw malformed(`the body is not valid JSON: ${reason}`, [{ path: '', message: reason }])
  }
}

/** Counts brackets and commas outside of strings. */
function refuseShape(bytes: Buffer): void {
  let depth = 0
  let values = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === 0x22) at = endOfString(bytes, at)
    else if (byte === 0x2c) values++
    else if (byte === 0x5b || byte === 0x7b) {
      values++
      if (++depth > maxBodyDepth) throw malformed(`the body is nested deeper than ${maxBodyDepth} levels`, [{ path: '', message: 'is nested too deep' }])
    } else if (byte === 0x5d || byte === 0x7d) depth--
  }
  if (values > maxBodyValues) throw malformed(`the body holds more than ${maxBodyValues} values`, [{ path: '', message: `must hold at most ${maxBodyValues} values` }])
}

function endOfString(bytes: Buffer, start: number): number {
  for (let at = start + 1; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === 0x5c) at++
    else if (byte === 0x22) return at
  }
  return bytes.length
}

/** `constructor.prototype` is how a careless merge of a body reaches Object.prototype. Depth is bounded already. */
function findConstructor(value: unknown, path = ''): FieldError | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, inner] of Object.entries(value as Readonly<Record<string, unknown>>)) {
    const at = `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (name === 'constructor' && typeof inner === 'object' && inner !== null && Object.hasOwn(inner, 'prototype')) {
      return { path: `${at}/prototype`, message: 'is not allowed as a field name' }
    }
    const found = findConstructor(inner, at)
    if (found) return found
  }
  return undefined
}

function malformed(reason: string, errors: readonly FieldError[] = []) {
  return httpError('HTTP_BODY_MALFORMED', { reason }, { errors })
}
