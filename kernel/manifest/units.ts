import type { JsonSchema } from '../json.ts'

/** What a value written in the manifest means beyond its JSON type: the private keyword `x-portico` of our schemas. */
export type Unit = 'duration' | 'bytes' | 'share' | 'path' | 'document' | 'scripts'

const durationPattern = '^(0|[1-9][0-9]{0,14})(ms|s|m|h|d)$'
const bytesPattern = '^(0|[1-9][0-9]{0,14})(B|KiB|MiB|GiB)$'
const sharePattern = '^(100|[1-9]?[0-9](\\.[0-9]{1,4})?)%$'

/** `250ms 2s 5m 1h 7d`; arrives as a number of milliseconds under its name with `Ms`. Bound it with `x-min` and `x-max` (ms). */
export const durationSchema = { type: 'string', 'x-portico': 'duration', pattern: durationPattern } as const satisfies JsonSchema

/** `64KiB 10MiB 1GiB`; arrives as a number of bytes under its name with `Bytes`. Bound it with `x-min` and `x-max` (bytes). */
export const bytesSchema = { type: 'string', 'x-portico': 'bytes', pattern: bytesPattern } as const satisfies JsonSchema

/** `5%`, `0.1%`, 100% at most; arrives as a number from 0 to 1 under its name with `Share`. Bound it with `x-min` and `x-max` (from 0 to 1). */
export const shareSchema = { type: 'string', 'x-portico': 'share', pattern: sharePattern } as const satisfies JsonSchema

/** A file or folder relative to the manifest; arrives as an absolute path. */
export const pathSchema = { type: 'string', 'x-portico': 'path', minLength: 1, maxLength: 4096 } as const satisfies JsonSchema

/** A JSON Schema, inline or as the path of a .json or .yaml file; arrives loaded, as an object. */
export const documentSchema = { type: ['object', 'string'], 'x-portico': 'document', minLength: 1, maxLength: 4096 } as const satisfies JsonSchema

/** A folder of numbered TypeScript or JavaScript files; arrives as a list of `ScriptFile` in the order of their numbers. */
export const scriptsSchema = { type: 'string', 'x-portico': 'scripts', minLength: 1, maxLength: 4096 } as const satisfies JsonSchema

/** One file of a folder of scripts: looked at, not imported. */
export interface ScriptFile {
  /** `0002-split-names.ts` */
  readonly name: string
  /** Absolute. */
  readonly path: string
  /** Of its text with line ends as `\n`: a checkout that turns them into others has not edited it. */
  readonly sha256: string
}

/** The number that a script's name begins with: its place among the others. */
export function scriptNumber(name: string): number {
  return Number.parseInt(name, 10)
}

const msByUnit: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const bytesByUnit: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }

/** Milliseconds of `250ms`, `2s`, `5m`, `1h` or `7d`; undefined when the text is none of them. */
export function parseDuration(text: string): number | undefined {
  return parse(text, durationPattern, msByUnit)
}

/** Bytes of `512B`, `64KiB`, `10MiB` or `1GiB`; undefined when the text is none of them. */
export function parseBytes(text: string): number | undefined {
  return parse(text, bytesPattern, bytesByUnit)
}

/** 0.05 of `5%`; undefined when the text is no share. */
export function parseShare(text: string): number | undefined {
  return new RegExp(sharePattern).test(text) ? Number(text.slice(0, -1)) / 100 : undefined
}

function parse(text: string, pattern: string, factors: Readonly<Record<string, number>>): number | undefined {
  const [, digits, unit] = new RegExp(pattern).exec(text) ?? []
  const factor = unit === undefined ? undefined : factors[unit]
  if (digits === undefined || factor === undefined) return undefined
  const value = Number(digits) * factor
  return Number.isSafeInteger(value) ? value : undefined
}

/** What turns a leaf into what code gets; the caller knows the manifest's folder and reads files. */
export interface UnitContext {
  /** The absolute path of a path that the manifest gives. */
  absolute(path: string): string
  /** The document that a path names, or that stands there itself; `at` is where in the value it stands. */
  load(document: unknown, at: readonly string[]): unknown
  /** The scripts of a folder; `at` is where in the value it stands. */
  scripts(folder: string, at: readonly string[]): readonly ScriptFile[]
  /** True for a value that stands in for one that is not known yet and is handed on as it is. */
  opaque?(value: unknown): boolean
}

/**
 * Turns a value that its schema has judged into what code gets: defaults filled in, `lease: 30s` as `leaseMs: 30000`,
 * `maxValue: 1MiB` as `maxValueBytes: 1048576`, paths absolute, documents loaded. The names of a map stay as they are.
 */
export function resolveUnits(schema: JsonSchema, value: unknown, context: UnitContext, at: readonly string[] = []): unknown {
  if (value === undefined || value === null || context.opaque?.(value)) return value
  const chosen = branchFor(schema, value)
  const unit = chosen['x-portico']

  if (unit === 'document') return context.load(value, at)
  if (typeof value === 'string') {
    if (unit === 'duration') return parseDuration(value)
    if (unit === 'bytes') return parseBytes(value)
    if (unit === 'share') return parseShare(value)
    if (unit === 'path') return context.absolute(value)
    if (unit === 'scripts') return context.scripts(value, at)
    return value
  }
  if (typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map((item, index) => resolveUnits(itemSchema(chosen, index), item, context, [...at, String(index)]))
  return resolveObject(chosen, value as Readonly<Record<string, unknown>>, context, at)
}

function resolveObject(schema: JsonSchema, value: Readonly<Record<string, unknown>>, context: UnitContext, at: readonly string[]): unknown {
  const properties = (schema.properties ?? {}) as Readonly<Record<string, JsonSchema>>
  const rest = typeof schema.additionalProperties === 'object' ? (schema.additionalProperties as JsonSchema) : {}
  const resolved: [string, unknown][] = []

  for (const [name, property] of Object.entries(properties)) {
    const given = Object.hasOwn(value, name) ? value[name] : property.default
    if (given !== undefined) resolved.push([nameWithUnit(name, property), resolveUnits(property, given, context, [...at, name])])
  }
  for (const [name, given] of Object.entries(value)) {
    if (!Object.hasOwn(properties, name)) resolved.push([name, resolveUnits(rest, given, context, [...at, name])])
  }
  // fromEntries defines own properties, so that a map's name `__proto__` stays a name.
  return Object.fromEntries(resolved)
}

/** `lease` with the unit of its value in the name: `leaseMs`. */
export function nameWithUnit(name: string, schema: JsonSchema): string {
  const unit = unitOf(schema)
  return unit === 'duration' ? `${name}Ms` : unit === 'bytes' ? `${name}Bytes` : unit === 'share' ? `${name}Share` : name
}

function unitOf(schema: JsonSchema): unknown {
  return schema['x-portico'] ?? branches(schema).map((branch) => branch['x-portico']).find((unit) => unit !== undefined)
}

/** The alternatives of a schema; empty when it has none. */
export function branches(schema: JsonSchema): readonly JsonSchema[] {
  return (schema.anyOf ?? schema.oneOf ?? []) as readonly JsonSchema[]
}

/** The schema of one element of a list. */
export function itemSchema(schema: JsonSchema, index: number): JsonSchema {
  const prefix = schema.prefixItems as readonly JsonSchema[] | undefined
  return prefix?.[index] ?? (typeof schema.items === 'object' ? (schema.items as JsonSchema) : {})
}

/** The alternative that fits the value's type, and of several objects the one that declares most of its keys. */
export function branchFor(schema: JsonSchema, value: unknown): JsonSchema {
  const fitting = branches(schema).filter((branch) => admits(branch, value))
  if (fitting.length < 2 || typeof value !== 'object' || value === null) return fitting[0] ?? schema
  const keys = Object.keys(value)
  const declaredBy = (branch: JsonSchema) => keys.filter((key) => Object.hasOwn((branch.properties ?? {}), key)).length
  return fitting.reduce((best, branch) => (declaredBy(branch) > declaredBy(best) ? branch : best))
}

function admits(schema: JsonSchema, value: unknown): boolean {
  if ('const' in schema) return schema.const === value
  if (Array.isArray(schema.enum)) return schema.enum.includes(value)
  const types = schema.type === undefined ? undefined : [schema.type].flat()
  return !types || types.includes(typeOf(value)) || (types.includes('number') && typeOf(value) === 'integer')
}

/** The JSON Schema type of a value. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}
