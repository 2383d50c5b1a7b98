/** What the kernel tells of itself at `GET /v1/kernel`. */
export interface About {
  readonly name: string
  readonly version: string
  readonly manifest: { readonly path: string; readonly sha256: string }
  readonly startedAt: Date
}
