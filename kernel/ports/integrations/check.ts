import type { KeyFault } from '../definition.ts'
import { schemaCheck } from '../schema-check.ts'
import { faultsOfForm } from './http-form.ts'
import { faultsOfInbound } from './inbound/keys.ts'
import { faultsOfMail } from './mail-form.ts'
import type { DeclaredOperation, IntegrationKeys } from './keys.ts'

/** What is wrong with an operation beyond its schema: a form that contradicts itself, an answer that it would refuse; of what comes in, keys that contradict each other. */
export function checkIntegrations({ operations = {}, inbound }: IntegrationKeys): readonly KeyFault[] {
  const ofOperations = Object.entries(operations).flatMap(([name, declared]) =>
    [...faultsOfForm(declared), ...faultsOfMail(declared), ...faultsOfAnswer(name, declared)].map((fault) => ({ ...fault, path: ['operations', name, ...fault.path] })))
  return [...ofOperations, ...faultsOfInbound(inbound)]
}

function faultsOfAnswer(name: string, { output, answer }: DeclaredOperation): readonly KeyFault[] {
  if (output === undefined || answer === undefined) return []
  const [error] = schemaCheck(output)(answer)
  return error ? [{ path: ['answer'], message: `does not fit the output of ${name}: ${error.path || 'it'} ${error.message}` }] : []
}
