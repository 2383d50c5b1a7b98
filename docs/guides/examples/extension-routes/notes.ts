import fastifyPlugin from 'fastify-plugin'
import { definePlugin, defineSettings } from 'portico/plugin'
import { storage } from 'portico/ports/storage'

/** Adds `GET /notes/:author`: the newest notes of one author, as lines of text. */
const plugin = definePlugin({
  name: 'notes',
  summary: 'The newest notes of an author as text',
  kernel: '^0.1.0',
  needs: { storage },
  settings: defineSettings({
    limit: { doc: 'How many notes are shown.', format: 'integer', default: 10, min: 1, max: 100 },
  }),
  create({ needs, settings }) {
    const routes = fastifyPlugin(
      async (app) => {
        app.get<{ Params: { author: string } }>('/:author', async (request, reply) => {
          const { items } = await needs.storage.find({
            collection: 'notes', where: { author: request.params.author }, orderBy: ['-$createdAt'], limit: settings.limit,
          })
          return reply.type('text/plain; charset=utf-8').send(items.map(({ value: { text } }) => `${typeof text === 'string' ? text : ''}\n`).join(''))
        })
      },
      { name: 'notes', fastify: '5.x' },
    )
    return { prefix: '/notes', routes }
  },
})

export default plugin
