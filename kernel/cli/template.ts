/** The manifest that `portico init` writes: it starts as it is, and each part says what it is for. */
export function initialManifest(name: string): string {
  return `# yaml-language-server: $schema=./node_modules/portico/schemas/manifest.schema.json
# What this application stands on. \`portico check\` judges this file, \`portico start\` runs it,
# \`portico explain\` tells every setting with its origin.
version: 1
name: ${name}

server:
  host: 127.0.0.1
  port: 7070

# A connection is a shared handle on one backend.
connections:
  main:
    use: sqlite
    with:
      file: data/${name}.db            # relative to this file; made at the first start

ports:
  # Documents, by collection. \`on: main\` makes units of work with the queue possible.
  storage:
    on: main
    collections:
      notes:
        indexes: [[author, -$createdAt]]
        # schema: ./schemas/note.schema.json

  # Jobs that workers lease and acknowledge.
  queue:
    on: main
    queues:
      emails:
        attempts: 8
        backoff: { initial: 1s, max: 10m }
        lease: 30s

  # Values that may be lost at any time.
  cache:
    use: lru
    with:
      maxSize: 64MiB

  # A partner over HTTP; when it does not answer, the call is kept in a file for later.
  # integrations:
  #   use: http
  #   with:
  #     baseUrl: https://api.example.com
  #   operations:
  #     greet: { method: POST, path: /greetings, idempotent: true }
  #   fallback:
  #     - use: file
  #       with: { directory: data/greetings }
`
}

/** A folder's name as a manifest name: \`My Shop!\` is \`my-shop\`. */
export function manifestName(folder: string): string {
  const name = folder.toLowerCase().replaceAll(/[^a-z0-9_-]+/g, '-').replace(/^[^a-z]+/, '').replace(/-+$/, '').slice(0, 40)
  return name === '' ? 'app' : name
}
