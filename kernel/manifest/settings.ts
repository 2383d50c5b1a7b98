import convict from 'convict'
import type { JsonSchema } from '../json.ts'
import type { ChoiceSetting, FormatSetting, Setting, SettingFormat, SettingsSchema } from '../plugins/settings.ts'
import { isDrivers, isGroup } from './settings-schema.ts'
import { parseBytes, parseDuration } from './units.ts'

/** What a format takes, and how text becomes it; text that is none of it stays text and is then refused. */
interface Format {
  readonly accepts: (value: unknown) => boolean
  readonly convert: (text: string) => unknown
}

const isText = (value: unknown) => typeof value === 'string'
const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value)
const asIs = (text: string) => text
const toNumber = (text: string) => (/^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/.test(text) ? Number(text) : text)
const toInteger = (text: string) => (/^-?(0|[1-9][0-9]*)$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text)

const formats: Readonly<Record<SettingFormat, Format>> = {
  string: { accepts: isText, convert: asIs },
  path: { accepts: isText, convert: asIs },
  url: { accepts: isText, convert: asIs },
  boolean: { accepts: (value) => typeof value === 'boolean', convert: (text) => (text === 'true' ? true : text === 'false' ? false : text) },
  integer: { accepts: Number.isSafeInteger, convert: toInteger },
  port: { accepts: Number.isSafeInteger, convert: toInteger },
  number: { accepts: isNumber, convert: toNumber },
  duration: { accepts: isNumber, convert: (text) => parseDuration(text) ?? text },
  bytes: { accepts: isNumber, convert: (text) => parseBytes(text) ?? text },
  map: { accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value), convert: toMap },
  list: { accepts: Array.isArray, convert: (text) => (text === '' ? [] : text.split(',').map((item) => item.trim())) },
}

/** `a=1,b=2` */
function toMap(text: string): unknown {
  const pairs = text.split(',').filter((pair) => pair !== '').map((pair) => /^([^=]+)=(.*)$/s.exec(pair.trim()))
  return pairs.every((pair) => pair !== null) ? Object.fromEntries(pairs.map(([, name, value]) => [name, value])) : text
}

// convict keeps formats for the whole process and converts `12abc` to 12 in its own: ours have names nobody else uses.
convict.addFormats(Object.fromEntries(Object.entries(formats).map(([name, { accepts, convert }]) => [
  nameInConvict(name as SettingFormat),
  { validate: (value: unknown) => { if (!accepts(value)) throw new Error(`is not of format ${name}`) }, coerce: convert },
])))

function nameInConvict(format: SettingFormat): string {
  return `portico-${format}`
}

/** One convict instance holds one setting: several in one would tell their failures as one text. */
function holder(format: SettingFormat | readonly string[], fallback: unknown): convict.Config<{ value: unknown }> {
  const declared = { value: { doc: '', format: typeof format === 'string' ? nameInConvict(format) : [...format], default: fallback ?? null, nullable: true } }
  return convict<{ value: unknown }>(declared, { env: {}, args: [] })
}

/**
 * A plugin's settings as its factory gets them, from values that their JSON Schema has judged: defaults filled in,
 * `busyTimeout: 5s` as `busyTimeoutMs: 5000`, paths absolute. A value that `opaque` knows is handed on as it is.
 */
export function resolveSettings(settings: SettingsSchema, given: Readonly<Record<string, unknown>>, context: { absolute(path: string): string; opaque(value: unknown): boolean }): Readonly<Record<string, unknown>> {
  const resolved: [string, unknown][] = []
  for (const [name, setting] of Object.entries(settings)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    // What they are is checked as drivers are, and they are started apart.
    if (isDrivers(setting)) continue
    if (isGroup(setting)) resolved.push([name, resolveSettings(setting, (value ?? {}) as Readonly<Record<string, unknown>>, context)])
    else resolved.push([settingName(name, setting), context.opaque(value) ? value : resolveSetting(setting, value, context)])
  }
  return Object.fromEntries(resolved)
}

function settingName(name: string, setting: Setting): string {
  return setting.format === 'duration' ? `${name}Ms` : setting.format === 'bytes' ? `${name}Bytes` : name
}

function resolveSetting(setting: FormatSetting | ChoiceSetting, given: unknown, context: { absolute(path: string): string }): unknown {
  const held = holder(setting.format, setting.default)
  if (given !== undefined) held.set('value', given)
  const value = held.validate({ allowed: 'strict' }).get('value')
  if (value === null) return undefined
  return setting.format === 'path' && typeof value === 'string' ? context.absolute(value) : value
}

/** Text as the type that a schema wants. Durations, sizes and what no type fits stay text, for the schema to judge. */
export function convertText(schema: JsonSchema, text: string): unknown {
  const format = formatOf(schema)
  return format ? holder(format, null).set('value', text).get('value') : text
}

const formatByType: Readonly<Record<string, SettingFormat>> = { integer: 'integer', number: 'number', boolean: 'boolean', array: 'list', object: 'map' }

function formatOf(schema: JsonSchema): SettingFormat | undefined {
  const types = schema.type === undefined ? [] : [schema.type].flat().map(String)
  if (types.includes('string')) return undefined
  // Lists and maps in text are for settings, whose elements are text; a port's own keys hold other things.
  return types.map((type) => formatByType[type]).find((format) => format && ('x-setting' in schema || (format !== 'list' && format !== 'map')))
}
