/** One measured figure, with the bound it is held against. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** `atMost` or `atLeast` this; a figure without a bound is context. */
  readonly atMost?: number
  readonly atLeast?: number
  /** What stood beside it in the same run. */
  readonly of?: string
}

export interface Case {
  readonly name: string
  run(): Promise<readonly Figure[]>
}

export function holds({ value, atMost, atLeast }: Figure): boolean {
  return value <= (atMost ?? Number.POSITIVE_INFINITY) && value >= (atLeast ?? Number.NEGATIVE_INFINITY)
}

export function formatFigure(figure: Figure): string {
  const { name, value, unit, atMost, atLeast, of } = figure
  const bound = atMost !== undefined ? `at most ${atMost}` : atLeast !== undefined ? `at least ${atLeast}` : ''
  const mark = bound === '' ? ' ' : holds(figure) ? '✔' : '✘'
  return `  ${mark} ${name.padEnd(54)} ${formatNumber(value).padStart(10)} ${unit.padEnd(6)} ${bound.padEnd(14)} ${of ?? ''}`.trimEnd()
}

function formatNumber(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2)
}
