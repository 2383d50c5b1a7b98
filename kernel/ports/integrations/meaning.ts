import type { Call } from '../../call.ts'
import { kernelError, type FieldError } from '../../errors.ts'
import type { Json } from '../../json.ts'
import type { PortParts } from '../definition.ts'
import { findBadText } from '../text.ts'
import { checkOutput, readAnswer } from './answer.ts'
import { describeBacklog } from './description.ts'
import { PartnerFailure, type IntegrationDriver, type PartnerRequest, type Sent } from './driver.ts'
import { showBacklog } from './backlog.ts'
import { integrationError } from './errors.ts'
import { receiver } from './inbound/receive.ts'
import type { IntegrationKeys } from './keys.ts'
import type { CallInput, CallOutput, IntegrationOperations } from './operations.ts'
import { offerPartner, partnerOf, type GoodAnswer } from './real.ts'
import { makeReady, type ReadyOperation } from './ready.ts'
import { Registry } from './registry.ts'
import { makeMail } from './mail-request.ts'

export type IntegrationParts = PortParts<IntegrationDriver, IntegrationKeys>

const maxDepth = 30

export function implementIntegrations(parts: IntegrationParts): IntegrationOperations {
  const { driver, plugin: via, binding, when } = parts
  const operations = new Map(Object.entries(parts.keys.operations ?? {}).map(([name, declared]) => [name, makeReady(binding, name, declared)]))

  const listeners: ((answer: GoodAnswer) => void)[] = []
  const registry = new Registry(parts, operations)

  const make = async (operation: ReadyOperation, { input = {}, idempotencyKey }: CallInput, call: Call): Promise<CallOutput> => {
    const key = idempotencyKey ?? (operation.declared.idempotencyKey ? call.callId : undefined)
    const request = requestFor(operation, input, key)
    let sent: Sent
    try {
      sent = await driver.send(request, call)
    } catch (cause) {
      throw failureOf(operation, cause)
    }
    const output = 'answer' in sent ? readAnswer(operation, sent.answer) : 'output' in sent ? checkOutput(operation, sent.output) : null
    const accepted = 'accepted' in sent
    if (!accepted) for (const listen of listeners) listen({ operation: operation.name, input, output })
    return { output, degraded: false, via, accepted }
  }

  const face: IntegrationOperations = {
    async call(given, call) {
      const operation = operations.get(given.operation)
      if (!operation) throw integrationError('INTEGRATION_NOT_FOUND', { binding, operation: shown(given.operation) })
      try {
        const output = await make(operation, given, call)
        registry.succeeded()
        return output
      } catch (error) {
        registry.failed(error)
        throw error
      }
    },
    receive: receiver(parts),
    async describe() { return registry.describe() },
  }
  offerPartner(face, {
    async make(kept, call) {
      const made = () => face.call(kept, call)
      await (parts.policy ? parts.policy.throughCircuit(kept.operation, made) : made())
    },
    isRepeatable: (name) => operations.get(name)?.idempotent ?? false,
    onAnswer: (listen) => { listeners.push(listen) },
    addStandIn: (standIn) => { registry.addStandIn(standIn) },
    behindWhom: (name) => registry.behindWhom(name),
  })
  const real = partnerOf(parts.ahead?.[0])
  if (real) driver.behind?.(real)
  real?.addStandIn({
    describe: () => ({ via, ...(when && { when }), ...(driver.backlog && { backlog: describeBacklog(driver.backlog()) }) }),
    holds: () => driver.holds?.() ?? false,
  })
  if (real && driver.backlog) showBacklog(parts, driver.backlog.bind(driver))
  return face
}

function requestFor(operation: ReadyOperation, input: Json, idempotencyKey: string | undefined): PartnerRequest {
  const bad = findBadText(input, { maxDepth })
  if (bad) throw kernelError('INPUT_INVALID', { operation: `${operation.binding}.call` }, { errors: [below('/input', bad)] })

  const broken = operation.checkInput(input)
  if (broken.length > 0) throw integrationError('INTEGRATION_INPUT_INVALID', at(operation), { errors: broken.map((error) => below('/input', error)) })

  const http = operation.makeHttp?.(input)
  const mail = operation.declared.mail && makeMail(operation.declared.mail, input)
  if ((http && 'errors' in http) || (mail && 'errors' in mail)) {
    throw integrationError('INTEGRATION_INPUT_INVALID', at(operation), { errors: [http, mail].flatMap((made) => (made && 'errors' in made ? made.errors : [])) })
  }
  return {
    operation: operation.name, input,
    ...(http && { http: http.request }), ...(mail && { mail: mail.request }), ...(idempotencyKey !== undefined && { idempotencyKey }),
  }
}

/** The one place where a driver's failure becomes what it means for this operation. */
function failureOf(operation: ReadyOperation, cause: unknown): unknown {
  if (!(cause instanceof PartnerFailure)) return cause
  const { why, reached, reason } = cause.no
  const from = { ...at(operation), reason }

  if (!reached && why !== 'timeout') return integrationError('INTEGRATION_UNREACHABLE', from, { cause })
  if (why === 'unreadable') return integrationError('INTEGRATION_BAD_ANSWER', from, { cause })
  if (reached && !operation.idempotent) return integrationError('INTEGRATION_OUTCOME_UNKNOWN', from, { cause })
  if (why === 'timeout') return integrationError('INTEGRATION_TIMEOUT', at(operation), { cause })
  return integrationError('INTEGRATION_PARTNER_FAILED', from, { cause })
}

function at({ binding, name }: ReadyOperation): { readonly binding: string; readonly operation: string } {
  return { binding, operation: name }
}

function below(path: string, error: FieldError): FieldError {
  return { path: `${path}${error.path}`, message: error.message }
}

/** A name that no manifest has, fit to be answered. */
function shown(name: string): string {
  return name.toWellFormed().replaceAll('\0', '')
}
