import { kernelError, type PorticoError } from '../errors.ts'
import type { Position } from './types.ts'

/** One thing that is wrong with a manifest, at the place that is to be changed. */
export interface Problem {
  readonly at?: Position | undefined
  /** Path in the manifest: `connections.main.with.flie`. */
  readonly path?: string | undefined
  readonly message: string
  /** The port whose driver lacks something; which of its other drivers have it can be told once they are loaded. */
  readonly unfit?: string
}

/** Collects what is wrong in one stage, so that all of it is told at once, in the order of the files. */
export class Problems {
  readonly #found: Problem[] = []

  add(problem: Problem): void {
    this.#found.push(problem)
  }

  addAll(others: Problems): void {
    this.#found.push(...others.#found)
  }

  get any(): boolean {
    return this.#found.length > 0
  }

  /** In the order of files, lines and columns; those without a place come first. */
  list(): readonly Problem[] {
    return this.#found.toSorted((a, b) => (a.at?.file ?? '').localeCompare(b.at?.file ?? '') || (a.at?.line ?? 0) - (b.at?.line ?? 0) || (a.at?.column ?? 0) - (b.at?.column ?? 0))
  }

  /** One line a problem: `infra.config.yaml:14:33 connections.main.with.flie: unknown setting "flie"; did you mean "file"?` */
  report(): string {
    return this.list().map(formatProblem).join('\n')
  }

  /** @throws MANIFEST_INVALID with the report, when there is any. */
  throwIfAny(): void {
    if (this.any) throw this.toError()
  }

  toError(): PorticoError {
    return kernelError('MANIFEST_INVALID', { report: this.report(), problems: this.list() })
  }
}

export function formatProblem({ at, path, message }: Problem): string {
  const place = at ? `${at.file}:${at.line}:${at.column} ` : ''
  return `${place}${path ? `${path}: ` : ''}${message}`
}
