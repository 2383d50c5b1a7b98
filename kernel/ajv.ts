import { createRequire } from 'node:module'
import type * as Ajv from 'ajv/dist/2020.js'
import type * as Formats from 'ajv-formats'

const require = createRequire(import.meta.url)

/** ajv, loaded when there is something to judge: it costs a start 30 ms and 10 MiB that an idle server never needs. */
export function loadAjv(): typeof Ajv {
  return require('ajv/dist/2020.js') as typeof Ajv
}

/** The formats of JSON Schema (`date-time`, `email`, …), added to an instance. */
export function loadFormats(): typeof Formats.default.default {
  return require('ajv-formats') as typeof Formats.default.default
}
