import type { Clock } from '../../clock.ts'
import { isPorticoError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Grant, Renewed } from './operations.ts'

export interface KeepingParts {
  readonly name: string
  readonly ttlMs: number
  readonly grant: Grant
  readonly clock: Clock
  readonly log: Log
  readonly renew: (withinMs: number) => Promise<Renewed>
  /** Called once, when the lock is not surely held any more. */
  readonly lose: () => void
}

/** Renews a lock each third of its time; what fails is tried again until that is over. Answers what ends it. */
export function keepLock({ name, ttlMs, grant, clock, log, renew, lose }: KeepingParts): () => void {
  let ended = false
  let endMs = clock.now() + grant.expiresInMs
  const end = () => {
    ended = true
    takeBackEnd()
    takeBackNext()
  }
  const over = () => {
    end()
    lose()
  }
  let takeBackEnd = clock.after(grant.expiresInMs, over)
  let takeBackNext = clock.after(ttlMs / 3, () => void again())

  const again = async (): Promise<void> => {
    const next = await renewed()
    if (!ended) takeBackNext = clock.after(next, () => void again())
  }

  /** When to renew next. */
  const renewed = async (): Promise<number> => {
    try {
      const { expiresInMs } = await renew(Math.max(1, endMs - clock.now()))
      if (ended) return 0
      endMs = clock.now() + expiresInMs
      takeBackEnd()
      takeBackEnd = clock.after(expiresInMs, over)
      return ttlMs / 3
    } catch (error) {
      if (ended) return 0
      if (isPorticoError(error) && error.code === 'LOCK_LOST') over()
      else log.warn({ err: error, lock: name }, 'the lock of a leader could not be renewed; it is tried again until its time is over')
      return ttlMs / 10
    }
  }
  return end
}
