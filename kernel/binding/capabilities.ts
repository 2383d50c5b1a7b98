import { unsupported } from '../errors.ts'
import type { AnyPort, Operation } from '../ports/definition.ts'

/** Refuses an operation or an argument that the driver did not declare, so that nothing is dropped in silence. */
export function capabilityCheck(of: {
  readonly port: AnyPort
  readonly binding: string
  readonly name: string
  readonly operation: Operation
  readonly capabilities: ReadonlySet<string>
}): (input: unknown) => void {
  const lacks = (capability: string) => !of.capabilities.has(capability)
  const refuse = (what: string, capability: string) => {
    throw unsupported(of.port.name, { binding: of.binding, what, capability })
  }
  const whole = of.operation.needs?.operation
  if (whole !== undefined && lacks(whole)) return () => refuse(of.name, whole)

  const guarded = Object.entries(of.operation.needs?.arguments ?? {}).filter(([, capability]) => lacks(capability))
  return (input) => {
    if (guarded.length === 0 || typeof input !== 'object' || input === null) return
    for (const [argument, capability] of guarded) if (isGiven(argument, input)) refuse(`${of.name} with ${argument}`, capability)
  }
}

/** Whether the input has the argument: `delayMs`, or, for `jobs[].delayMs`, any element of the list. */
function isGiven(argument: string, input: object): boolean {
  const [list = '', field] = argument.split('[].')
  if (field === undefined) return argument in input

  const elements: unknown = (input as Readonly<Record<string, unknown>>)[list]
  return Array.isArray(elements) && elements.some((element) => typeof element === 'object' && element !== null && field in element)
}
