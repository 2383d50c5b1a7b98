/** The closed list of formats that a setting can have. `duration` is read as milliseconds, `bytes` as a number of bytes. */
export type SettingFormat = 'string' | 'boolean' | 'integer' | 'number' | 'duration' | 'bytes' | 'path' | 'url' | 'port' | 'map' | 'list'

interface SettingBase {
  /** One sentence; it becomes hover text, `explain` and the table in docs/. */
  readonly doc: string
  /** Shown nowhere: not in logs, errors, `explain` or HTTP. */
  readonly sensitive?: boolean
}

/** A setting with no default is required; `default: null` makes it optional and absent. */
export interface FormatSetting<F extends SettingFormat = SettingFormat> extends SettingBase {
  readonly format: F
  readonly default?: string | number | boolean | null | Readonly<Record<string, string>> | readonly string[]
  /** Bounds of integers, numbers, durations (ms) and bytes. */
  readonly min?: number
  readonly max?: number
}

/** One of the listed words. */
export interface ChoiceSetting<V extends string = string> extends SettingBase {
  readonly format: readonly V[]
  readonly default?: V | null
}

/**
 * A list of drivers of the plugin's own port, each written as a binding's: `use`, or `on` with the name of a connection, and `with`.
 * They are started before the plugin, and stand in its settings in their place. Only a driver of a port has such a setting.
 */
export interface DriversSetting extends SettingBase {
  readonly format: 'drivers'
  /** How many. */
  readonly min: number
  readonly max: number
  /** For each place in the list: whether the driver there stands on a connection, and is what replicas share, or neither does nor holds other drivers. */
  readonly places?: readonly ('connection' | 'process')[]
  /** Always required. */
  readonly default?: never
}

/** A group of settings below one key. */
export interface SettingGroup {
  readonly [name: string]: Setting
}

export type Setting = FormatSetting | ChoiceSetting | DriversSetting | SettingGroup

/** A plugin's `with`, declared once. */
export type SettingsSchema = Readonly<Record<string, Setting>>

interface ValueOf {
  string: string
  boolean: boolean
  integer: number
  number: number
  duration: number
  bytes: number
  path: string
  url: string
  port: number
  map: Readonly<Record<string, string>>
  list: readonly string[]
}

type Value<S, D> = S extends { format: readonly (infer V)[] } ? V | NullDefault<S>
  : S extends { format: 'drivers' } ? readonly D[]
  : S extends { format: infer F extends SettingFormat } ? ValueOf[F] | NullDefault<S>
  : S extends SettingsSchema ? SettingsOf<S, D>
  : never

type NullDefault<S> = S extends { default: null } ? undefined : never

type NameWithUnit<N extends string, S> = S extends { format: 'duration' } ? `${N}Ms` : S extends { format: 'bytes' } ? `${N}Bytes` : N

/** What a driver is given: the unit stands in the name (`busyTimeout: 5s` is `busyTimeoutMs: 5000`). `D` is a driver of its port. */
export type SettingsOf<S, D = unknown> = { readonly [N in keyof S & string as NameWithUnit<N, S[N]>]: Value<S[N], D> }

/** A default that is none of its choice's words does not compile. */
type WithKnownDefault<S> = S extends { format: readonly (infer V)[]; default: infer D } ? (D extends V | null ? S : S & { default: V | null }) : S

/** Keeps the literal types of a settings declaration. */
export function defineSettings<const S extends SettingsSchema>(settings: S & { readonly [N in keyof S]: WithKnownDefault<S[N]> }): S {
  return settings
}
