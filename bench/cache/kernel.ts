/** The built library, as an application gets it; its types are those of the sources. */
export async function startKernel(manifest: object) {
  const { createKernel } = (await import(new URL('../../dist/kernel/index.js', import.meta.url).href)) as typeof import('../../kernel/index.ts')
  return createKernel(manifest, { env: {} })
}
