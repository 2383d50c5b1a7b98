/** `portico/fastify`: the kernel inside an application's own Fastify app. */
export { portico as default, portico } from './server/embed.ts'
export type { PorticoOptions } from './server/embed.ts'
