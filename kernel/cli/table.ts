import type { Paint, Style } from './terminal.ts'

/** One cell: a text, or a text with a colour. */
export type Cell = string | { readonly text: string; readonly style: Style }

/**
 * Aligned columns under a header, one line a row, two spaces between columns, nothing after the last.
 * A cell takes one line: control characters, which could move a terminal's cursor, are shown as `?`.
 */
export function renderTable(header: readonly string[], rows: readonly (readonly Cell[])[], paint: Paint): string {
  const lines: (readonly Cell[])[] = [header.map((text) => ({ text: text.toUpperCase(), style: 'dim' as const })), ...rows]
  const widths = header.map((_name, column) => Math.max(...lines.map((cells) => textOf(cells[column]).length)))

  return lines.map((cells) => renderLine(cells, widths, paint)).join('')
}

function renderLine(cells: readonly Cell[], widths: readonly number[], paint: Paint): string {
  let last = cells.length - 1
  while (last > 0 && textOf(cells[last]) === '') last -= 1

  const columns = cells.slice(0, last + 1).map((cell, column) => {
    const text = textOf(cell)
    const painted = typeof cell === 'string' || text === '' ? text : paint(cell.style, text)
    return column === last ? painted : painted + ' '.repeat((widths[column] ?? 0) - text.length)
  })
  return `${columns.join('  ')}\n`
}

function textOf(cell: Cell | undefined): string {
  const text = typeof cell === 'string' ? cell : (cell?.text ?? '')
  return text.replaceAll(/\p{Cc}/gu, '?')
}
