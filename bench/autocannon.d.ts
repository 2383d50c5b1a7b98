/** The part of autocannon that the load generator uses; the package has no types of its own. */
declare module 'autocannon' {
  interface Options {
    readonly url: string
    readonly method: string
    readonly headers: Readonly<Record<string, string>>
    readonly connections: number
    readonly duration: number
    readonly body?: string
  }

  interface Result {
    readonly requests: { readonly average: number }
    readonly latency: { readonly p50: number; readonly p99: number }
    readonly non2xx: number
    readonly errors: number
    readonly statusCodeStats: Readonly<Record<string, object>>
  }

  export default function autocannon(options: Options): Promise<Result>
}
