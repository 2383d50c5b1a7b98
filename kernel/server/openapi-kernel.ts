import type { JsonSchema } from '../json.ts'
import { policyStateSchema as policy } from '../resilience/policy-state.ts'

const problem = { $ref: '#/components/responses/Problem' }

function get(operationId: string, summary: string, answers: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { get: { operationId: `kernel.${operationId}`, tags: ['kernel'], summary, parameters: [], responses: { ...answers, default: problem } } }
}

function json(description: string, properties: JsonSchema): JsonSchema {
  return { description, content: { 'application/json': { schema: { type: 'object', required: Object.keys(properties), properties } } } }
}

const text = { type: 'string' }
const time = { type: 'string', format: 'date-time' }

const chaos = {
  type: 'object', description: 'The faults that are injected into it.', required: ['errorsShare', 'dropShare'],
  properties: { latencyMs: { type: 'number' }, errorsShare: { type: 'number' }, dropShare: { type: 'number' } },
}

const health = json('How each binding is.', {
  status: { enum: ['ok', 'degraded', 'failed'] },
  bindings: {
    type: 'object',
    additionalProperties: {
      type: 'object',
      required: ['status', 'plugin', 'latencyMs'],
      properties: { status: { enum: ['ok', 'degraded', 'failed'] }, plugin: text, latencyMs: { type: 'number' }, error: text, policy },
    },
  },
})

const description = json('The running kernel.', {
  name: text,
  version: text,
  manifest: { type: 'object', required: ['path', 'sha256'], properties: { path: text, sha256: text } },
  startedAt: time,
  bindings: {
    type: 'array',
    items: {
      type: 'object',
      required: ['name', 'port', 'plugin', 'version', 'capabilities', 'state', 'since'],
      properties: { name: text, port: text, plugin: text, version: text, capabilities: { type: 'array', items: text }, state: text, since: time, policy, chaos },
    },
  },
  workers: {
    type: 'array',
    items: {
      type: 'object',
      required: ['binding', 'queue', 'name', 'state', 'running'],
      properties: { binding: text, queue: text, name: text, state: { enum: ['working', 'slowed', 'stopped', 'draining'] }, reason: text, running: { type: 'integer' } },
    },
  },
})

/** The kernel's own routes as OpenAPI path items. */
export const kernelPathItems: Readonly<Record<string, JsonSchema>> = {
  '/livez': get('livez', 'Whether the event loop turns.', { 200: json('It does.', { status: { const: 'alive' } }) }),
  '/readyz': get('readyz', 'Whether requests should be sent here.', { 200: json('They should.', { status: { const: 'ready' } }), 503: problem }),
  '/health': get('health', 'The health of every binding, at most a second old.', { 200: health, 503: health }),
  '/metrics': get('metrics', 'Counts and histograms in Prometheus text.', { 200: { description: 'Prometheus text 0.0.4.', content: { 'text/plain': { schema: text } } } }),
  '/v1/kernel': get('describe', 'The kernel, its bindings, and what works on its queues.', { 200: description }),
  '/openapi.json': get('openapi', 'This document.', { 200: { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: { type: 'object' } } } } }),
  '/docs': get('docs', 'This document as a page that works offline.', { 200: { description: 'HTML.', content: { 'text/html': { schema: text } } } }),
}
