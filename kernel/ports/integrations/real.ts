import type { Call } from '../../call.ts'
import type { Json } from '../../json.ts'
import type { StandInDescription } from './description.ts'

/** A call that was kept, to be made later. */
export interface KeptCall {
  readonly operation: string
  readonly input: Json
  /** The same each time that it is made. */
  readonly idempotencyKey: string
}

/** An answer that was good: it has the shape that the operation declares. */
export interface GoodAnswer {
  readonly operation: string
  readonly input: Json
  readonly output: Json
}

/** A fallback, as the partner sees it that it stands in for. */
export interface StandIn {
  describe(): StandInDescription
  /** Whether it keeps calls that are to be made before later ones. */
  holds(): boolean
}

/** The binding's own driver, as a fallback behind it sees it. */
export interface RealPartner {
  /** Makes a kept call once, past the fallbacks; it ends as `call` does, checks and errors included. */
  make(kept: KeptCall, call: Call): Promise<void>
  /** Whether a call may be made again when its outcome is not known. */
  isRepeatable(operation: string): boolean
  /** Tells of each good answer, to a live call or a kept one; what listens must not throw. */
  onAnswer(listen: (answer: GoodAnswer) => void): void
  /** Tells the partner of one that stands in for it. They come in the order in which they are asked. */
  addStandIn(standIn: StandIn): void
  /** Which stand-in, counted from 1, keeps calls that a call of this operation may not overtake. */
  behindWhom(operation: string): number | undefined
}

const partners = new WeakMap<object, RealPartner>()

/** The partner that one driver's meaning of the port stands for. */
export function partnerOf(face: object | undefined): RealPartner | undefined {
  return face && partners.get(face)
}

export function offerPartner(face: object, partner: RealPartner): void {
  partners.set(face, partner)
}
