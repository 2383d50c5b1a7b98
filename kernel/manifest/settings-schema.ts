import type { JsonSchema } from '../json.ts'
import type { DriversSetting, FormatSetting, Setting, SettingFormat, SettingsSchema } from '../plugins/settings.ts'
import { fallbackSchema } from './structure.ts'
import { bytesSchema, durationSchema, pathSchema } from './units.ts'

const schemaByFormat: Readonly<Record<SettingFormat, JsonSchema>> = {
  string: { type: 'string' },
  boolean: { type: 'boolean' },
  integer: { type: 'integer' },
  number: { type: 'number' },
  duration: durationSchema,
  bytes: bytesSchema,
  path: pathSchema,
  url: { type: 'string', format: 'uri', minLength: 1 },
  port: { type: 'integer', minimum: 0, maximum: 65_535 },
  map: { type: 'object', additionalProperties: { type: 'string' } },
  list: { type: 'array', items: { type: 'string' } },
}

/** What a sensitive map or list holds is as sensitive. */
const hiddenElements: Partial<Record<SettingFormat, JsonSchema>> = {
  map: { additionalProperties: { type: 'string', writeOnly: true } },
  list: { items: { type: 'string', writeOnly: true } },
}

/** The JSON Schema of a plugin's `with`. A sensitive setting is `writeOnly`; `x-setting` is its format. */
export function toJsonSchema(settings: SettingsSchema): JsonSchema {
  const entries = Object.entries(settings)
  const required = entries.filter(([, setting]) => isRequired(setting)).map(([name]) => name)
  const properties = Object.fromEntries(entries.map(([name, setting]) => [name, schemaOf(setting)]))
  return { type: 'object', additionalProperties: false, properties, ...(required.length > 0 ? { required } : {}) }
}

/** A group holds settings; everything else says its format. */
export function isGroup(setting: Setting): setting is SettingsSchema {
  return !(typeof setting.format === 'string' || Array.isArray(setting.format))
}

export function isDrivers(setting: Setting): setting is DriversSetting {
  return setting.format === 'drivers'
}

/** A setting without a default has to be given, and so has a group that holds one. */
function isRequired(setting: Setting): boolean {
  return isGroup(setting) ? Object.values(setting).some(isRequired) : setting.default === undefined
}

function schemaOf(setting: Setting): JsonSchema {
  if (isGroup(setting)) return toJsonSchema(setting)
  if (isDrivers(setting)) return { description: setting.doc, type: 'array', items: fallbackSchema, minItems: setting.min, maxItems: setting.max, 'x-setting': 'drivers' }
  const { doc, format, sensitive } = setting
  const base: JsonSchema = typeof format === 'string' ? { ...schemaByFormat[format], ...boundsOf(setting), ...(sensitive ? hiddenElements[format] : {}) } : { enum: format }
  return {
    description: doc,
    ...base,
    'x-setting': typeof format === 'string' ? format : 'choice',
    ...(setting.default === undefined || setting.default === null ? {} : { default: setting.default }),
    ...(sensitive ? { writeOnly: true } : {}),
  }
}

function boundsOf({ format, min, max }: FormatSetting): JsonSchema {
  const [lower, upper] = format === 'duration' || format === 'bytes' ? ['x-min', 'x-max'] : ['minimum', 'maximum']
  return { ...(min === undefined ? {} : { [lower]: min }), ...(max === undefined ? {} : { [upper]: max }) }
}
