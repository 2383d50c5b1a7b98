import type { BoundOperations } from '../../binding/bound.ts'
import { definePort } from '../definition.ts'
import { checkIntegrations } from './check.ts'
import type { IntegrationDriver } from './driver.ts'
import { integrationErrors } from './errors.ts'
import { integrationFallback } from './fallback.ts'
import { usesOfInbound } from './inbound/keys.ts'
import { integrationKeys, type IntegrationKeys } from './keys.ts'
import { implementIntegrations } from './meaning.ts'
import { integrationCalls } from './named.ts'
import { integrationOperations, type IntegrationOperations } from './operations.ts'

export { callKey } from './call-key.ts'
export { exchangeSchema, maxExchangeDepth } from './exchange.ts'
export type { Exchange, RecordedAnswer } from './exchange.ts'
export { maskAt, maskTexts, readPointer } from './mask.ts'
export type { Pointer } from './mask.ts'
export { PartnerFailure } from './driver.ts'
export type { HttpRequest, IntegrationDriver, MailRequest, Method, NoAnswer, PartnerAnswer, PartnerRequest, Sent } from './driver.ts'
export { httpForm, reservedHeaders } from './http-form.ts'
export { isAddress, isOneLine, splitAddress } from './mail-address.ts'
export type { Look } from './look.ts'
export type { MailAddress } from './mail-address.ts'
export { mailForm } from './mail-form.ts'
export type { MailForm } from './mail-form.ts'
export { isReusable, reuseForm, standInForm, staticForm } from './stand-ins.ts'
export type { HttpForm } from './http-form.ts'
export type { Backlog } from './backlog.ts'
export type { BacklogDescription, FailureDescription, IntegrationDescription, LookDescription, OperationDescription, StandInDescription } from './description.ts'
export { integrationError } from './errors.ts'
export type { DeclaredOperation, IntegrationKeys } from './keys.ts'
export type { GoodAnswer, KeptCall, RealPartner } from './real.ts'
export type { InboundKeys } from './inbound/keys.ts'
export type { RawMessage } from './inbound/verify.ts'
export type { CallInput, CallOutput, IntegrationOperations, ReceiveInput, Received } from './operations.ts'

declare module '../../binding/bound.ts' {
  interface Ports {
    integrations: BoundOperations<IntegrationOperations>
  }
}

/** Partners outside: declared operations, isolated failures, and a fallback that says that it is one. */
export const integrations = definePort<IntegrationOperations, IntegrationDriver, IntegrationKeys>({
  name: 'integrations',
  summary: 'Declared operations of a partner outside',
  capabilities: {},
  operations: integrationOperations,
  keys: integrationKeys,
  open: 'operations',
  check: checkIntegrations,
  uses: ({ inbound }) => usesOfInbound(inbound),
  errors: integrationErrors,
  named: integrationCalls,
  fallback: integrationFallback,
  implement: implementIntegrations,
  async prepare({ driver }, how) { if (how === 'do') await driver.start?.() },
})
