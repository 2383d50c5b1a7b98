import test from 'ava'
import { renderTable } from '../../../kernel/cli/table.ts'
import { plain } from '../../../kernel/cli/terminal.ts'

test('columns are aligned, and nothing stands after the last', (t) => {
  const table = renderTable(['name', 'plugin'], [['storage', 'sql'], ['storage.reports', 'mongodb'], ['cache', '']], plain)

  t.is(table, 'NAME             PLUGIN\nstorage          sql\nstorage.reports  mongodb\ncache\n')
})

test('colour does not count as width', (t) => {
  const table = renderTable(['state', 'name'], [[{ text: 'ok', style: 'green' }, 'storage']], (style, text) => `<${style}>${text}</>`)

  t.is(table, '<dim>STATE</>  <dim>NAME</>\n<green>ok</>     storage\n')
})

test('a cell cannot move the cursor', (t) => {
  t.is(renderTable(['name'], [['a\u001b[2Jb\nc']], plain), 'NAME\na?[2Jb?c\n')
})
