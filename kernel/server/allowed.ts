import type { FastifyInstance } from 'fastify'

/** Every route's methods by pattern, for `Allow`: Fastify's router answers only for one method at a time. */
export class RouteTable {
  readonly #routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>()

  /** Notes each route that is added to `app` from now on, those of extensions too. */
  watch(app: FastifyInstance): void {
    app.addHook('onRoute', ({ url, method }) => {
      let route = this.#routes.get(url)
      if (!route) this.#routes.set(url, (route = { pattern: toPattern(url), methods: new Set() }))
      for (const name of [method].flat()) route.methods.add(name)
    })
  }

  /** The methods that a path takes, sorted; empty when no route has it. */
  allow(path: string): readonly string[] {
    const found = new Set<string>()
    for (const { pattern, methods } of this.#routes.values()) {
      if (pattern.test(path)) for (const method of methods) found.add(method)
    }
    return [...found].sort()
  }
}

/** A parameter takes no name that begins with `_`: `…/_find` is an action, with the action's own methods. */
function toPattern(url: string): RegExp {
  const source = url
    .split(/(:\w+|\*)/)
    .map((part) => (part === '*' ? '.*' : part.startsWith(':') ? '(?!_)[^/]+' : part.replaceAll(/[.\\+*?[^\]$(){}=!<>|#-]/g, '\\$&')))
    .join('')
  return new RegExp(`^${source}$`)
}
