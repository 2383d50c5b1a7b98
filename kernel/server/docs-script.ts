/**
 * The script of the documentation page: plain JavaScript that a browser runs as it is. It makes every node with
 * textContent, never as HTML, so that nothing a manifest names can become code.
 */
export const docsScript = String.raw`
'use strict'
const $ = (id) => document.getElementById(id)

function node(tag, attributes, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value)
  made.append(...children.filter((child) => child !== undefined && child !== null))
  return made
}

function resolve(spec, schema, depth) {
  if (Array.isArray(schema)) return schema.map((item) => resolve(spec, item, depth))
  if (typeof schema !== 'object' || schema === null) return schema
  if (typeof schema.$ref === 'string' && depth < 6) {
    const steps = schema.$ref.slice(2).split('/').map((step) => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~'))
    const target = steps.reduce((at, step) => (at && Object.hasOwn(at, step) ? at[step] : undefined), spec)
    return target ? resolve(spec, target, depth + 1) : schema
  }
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, resolve(spec, value, depth)]))
}

function example(schema, depth) {
  if (!schema || typeof schema !== 'object' || depth > 5) return {}
  if ('const' in schema) return schema.const
  if ('default' in schema) return schema.default
  if (Array.isArray(schema.examples) && schema.examples.length > 0) return schema.examples[0]
  if (Array.isArray(schema.enum)) return schema.enum[0]
  const choice = (schema.oneOf || schema.anyOf || [])[0]
  if (choice) return example(choice, depth + 1)
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  if (type === 'string') return schema.format === 'date-time' ? '2026-11-21T10:00:00.000Z' : 'text'
  if (type === 'integer' || type === 'number') return schema.minimum || 1
  if (type === 'boolean') return true
  if (type === 'array') return [example(schema.items, depth + 1)]
  const wanted = schema.required || []
  return Object.fromEntries(Object.entries(schema.properties || {}).filter(([name]) => wanted.includes(name)).map(([name, inner]) => [name, example(inner, depth + 1)]))
}

/** Descriptions are written for tools that read Markdown. */
const plain = (text) => text.replaceAll(String.fromCharCode(96), '')

const quote = (text) => "'" + text.replaceAll("'", "'\\''") + "'"

function curl(spec, method, path, operation) {
  const url = location.origin + path.replaceAll(/\{(\w+)\}/g, 'my-$1')
  const parts = ['curl -i']
  if (method !== 'get') parts.push('-X ' + method.toUpperCase())
  parts.push(quote(url))
  const content = operation.requestBody && operation.requestBody.content
  if (content) {
    const type = Object.keys(content)[0]
    parts.push('-H ' + quote('content-type: ' + type), '-d ' + quote(JSON.stringify(example(resolve(spec, content[type].schema, 0), 0))))
  }
  return parts.join(' ')
}

const pretty = (spec, schema) => node('pre', {}, JSON.stringify(resolve(spec, schema, 0), null, 2))

function parameters(operation) {
  const own = (operation.parameters || []).filter((one) => one.name !== 'X-Request-Id' && one.name !== 'traceparent')
  if (own.length === 0) return undefined
  const rows = own.map((one) => node('tr', {},
    node('td', {}, node('code', {}, one.name)), node('td', {}, one.in + (one.required ? '' : ', optional')), node('td', {}, plain(one.description || '')), node('td', {}, node('code', {}, JSON.stringify(one.schema)))))
  return node('div', {}, node('h3', {}, 'Parameters'), node('table', {}, node('tbody', {}, ...rows)))
}

function body(spec, operation) {
  if (!operation.requestBody) return undefined
  const parts = Object.entries(operation.requestBody.content).map(([type, { schema }]) => node('details', {}, node('summary', {}, node('code', {}, type)), pretty(spec, schema)))
  return node('div', {}, node('h3', {}, operation.requestBody.required ? 'Body' : 'Body, optional'), ...parts)
}

function answers(spec, operation) {
  const rows = Object.entries(operation.responses).map(([status, answer]) => {
    const entry = Object.entries(answer.content || {})[0]
    const shown = entry && entry[0] === 'application/json' ? node('details', {}, node('summary', {}, 'schema'), pretty(spec, entry[1].schema)) : undefined
    const headers = Object.keys(answer.headers || {}).filter((name) => name !== 'X-Request-Id').join(', ')
    return node('tr', {}, node('td', {}, node('code', {}, status)), node('td', {}, plain(answer.description || 'Any other problem.'), headers ? node('div', { class: 'soft' }, headers) : undefined, shown))
  })
  return node('div', {}, node('h3', {}, 'Answers'), node('table', {}, node('tbody', {}, ...rows)))
}

function operationCard(spec, path, method, operation) {
  const card = node('details', { class: 'operation', id: operation.operationId },
    node('summary', {}, node('span', { class: 'method ' + method }, method.toUpperCase()), node('code', {}, path), ' ', node('span', { class: 'soft' }, operation.summary)))
  card.dataset.words = [path, method, operation.operationId, operation.summary].join(' ').toLowerCase()
  // Filled when it is opened: a manifest may have thousands of operations.
  card.addEventListener('toggle', () => {
    if (card.querySelector('.body')) return
    card.append(node('div', { class: 'body' }, operation.description ? node('p', {}, plain(operation.description)) : undefined,
      node('h3', {}, 'Try it'), node('pre', {}, curl(spec, method, path, operation)), parameters(operation), body(spec, operation), answers(spec, operation)))
  })
  return card
}

function show(spec) {
  document.title = spec.info.title + ': API'
  $('title').textContent = spec.info.title + ' ' + spec.info.version
  $('about').textContent = spec.info.description
  const cards = new Map(spec.tags.map((tag) => [tag.name, []]))
  for (const [path, item] of Object.entries(spec.paths)) {
    for (const [method, operation] of Object.entries(item)) cards.get(operation.tags[0]).push(operationCard(spec, path, method, operation))
  }
  $('nav').replaceChildren(...spec.tags.map((tag) => node('a', { href: '#tag-' + tag.name }, tag.name)))
  $('main').replaceChildren(...spec.tags.map((tag) => node('section', { id: 'tag-' + tag.name }, node('h2', {}, tag.name), node('p', { class: 'soft' }, tag.description || ''), ...cards.get(tag.name))))
  $('filter').addEventListener('input', () => filter($('filter').value.trim().toLowerCase()))
}

function filter(words) {
  for (const section of document.querySelectorAll('section')) {
    let shown = 0
    for (const card of section.querySelectorAll('.operation')) {
      card.hidden = !card.dataset.words.includes(words)
      if (!card.hidden) shown++
    }
    section.hidden = shown === 0
  }
}

fetch('/openapi.json')
  .then((answer) => answer.ok ? answer.json() : Promise.reject(new Error('HTTP ' + answer.status)))
  .then(show)
  .catch((error) => { $('main').textContent = 'Could not read /openapi.json: ' + error.message })
`
