import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { checkManifest } from '../../kernel/manifest/check.ts'
import { secretVariable } from '../../kernel/manifest/environment.ts'
import { explainManifest } from '../../kernel/manifest/explain.ts'
import { Problems } from '../../kernel/manifest/problems.ts'
import { readManifest } from '../../kernel/manifest/read.ts'
import { fillSecrets } from '../../kernel/manifest/secrets.ts'
import type { DriverSpec, Explained, ManifestOptions } from '../../kernel/manifest/types.ts'
import type { Plugin } from '../../kernel/plugins/definition.ts'
import { makePlan, type Plan } from '../../kernel/plugins/plan.ts'
import { wantedPlugins } from '../../kernel/manifest/wanted.ts'
import { fixtureCatalogue } from './fixtures.ts'

/** What stands beside the files in a golden file's section `options`, as YAML. */
interface GoldenOptions extends Partial<ManifestOptions> {
  /** The manifest to read; `infra.config.yaml` unless set. */
  readonly file?: string
  readonly explain?: boolean
  /** Takes the real loader and the built-in plugins in place of the fixtures. */
  readonly loader?: boolean
}

interface Section {
  readonly title: string
  readonly body: string
}

/**
 * A golden file: sections that begin with `=== title`. A file name (with `base64`, or `times N` to repeat the body) is
 * an input file, `options` is what stands beside the files, and the last one, `report`, is the exact outcome.
 */
export function parseGolden(text: string): readonly Section[] {
  return text.split(/^=== /m).slice(1).map((part) => {
    const end = part.indexOf('\n')
    return { title: part.slice(0, end), body: part.slice(end + 1) }
  })
}

/** The golden file with the outcome that its input has now. */
export async function renderGolden(path: string): Promise<{ readonly expected: string; readonly actual: string }> {
  const expected = await readFile(path, 'utf8')
  const sections = parseGolden(expected).filter(({ title }) => title !== 'report')
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'portico-golden-')))
  try {
    const inputs = sections.filter(({ title }) => title !== 'options')
    for (const section of inputs) await writeInput(folder, section)
    const options = (parse(sections.find(({ title }) => title === 'options')?.body ?? '') ?? {}) as GoldenOptions
    const report = (await outcome(folder, options)).replaceAll(`${folder}/`, '').replaceAll(kernel, '@kernel/')
    const before = expected.includes('\n=== report\n') ? expected.slice(0, expected.indexOf('\n=== report\n')) : expected.trimEnd()
    return { expected, actual: `${before}\n=== report\n${report}\n` }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What `@kernel/` stands for in a golden file's plugins. */
const kernel = new URL('../../kernel/', import.meta.url).href

async function writeInput(folder: string, { title, body }: Section): Promise<void> {
  const [name = '', how, count] = title.split(' ')
  const bytes = how === 'base64' ? Buffer.from(body, 'base64') : how === 'times' ? body.repeat(Number(count)) : body.replaceAll('@kernel/', kernel)
  await mkdir(dirname(join(folder, name)), { recursive: true })
  await writeFile(join(folder, name), bytes)
}

/** Every stage that starts nothing: the report of the first that refuses, or the plan. */
async function outcome(folder: string, { file, explain, loader, ...given }: GoldenOptions): Promise<string> {
  const options = { env: {}, ...given }
  const problems = new Problems()
  const raw = await readManifest({ path: join(folder, file ?? 'infra.config.yaml') }, options, problems)
  if (!raw) return refused(1, problems)

  const catalogue = loader ? await (await import('../../kernel/plugins/loader.ts')).loadPlugins(wantedPlugins(raw), raw.directory, problems) : fixtureCatalogue()
  const manifest = checkManifest(raw, catalogue, options, problems)
  const plan = manifest ? makePlan(manifest, problems) : undefined
  if (!manifest || !plan || problems.any) return refused(1, problems)

  fillSecrets(manifest, (name) => options.env[secretVariable(name)], problems)
  if (problems.any) return refused(2, problems)
  return ['accepted', ...linesOf(plan), ...(explain ? explainManifest(raw, catalogue, options, new Problems()).map(lineOf) : [])].join('\n')
}

function refused(stage: number, problems: Problems): string {
  return `refused in stage ${stage}\n${problems.report()}`
}

function linesOf(plan: Plan): readonly string[] {
  return plan.steps.map((step) => {
    const keys = step.kind === 'binding' ? ` keys ${JSON.stringify(step.spec.keys)}` : ''
    const resilience = step.kind === 'binding' && (step.spec.policy ?? step.spec.chaos) ? ` policy ${JSON.stringify(step.spec.policy)} chaos ${JSON.stringify(step.spec.chaos)}` : ''
    return `${step.id} = ${madeOf(step.spec)}${keys}${resilience}`
  })
}

function madeOf(spec: Pick<DriverSpec, 'settings' | 'inner'> & { readonly plugin: Plugin }): string {
  const inner = Object.entries(spec.inner ?? {}).map(([setting, drivers]) => ` ${setting} [${drivers.map((driver) => madeOf(driver) + (driver.on === undefined ? '' : ` on ${driver.on}`)).join(', ')}]`)
  return `${spec.plugin.name} ${JSON.stringify(spec.settings)}${inner.join('')}`
}

function lineOf({ path, value, origin }: Explained): string {
  const from = 'file' in origin ? `${origin.file}:${origin.line}` : 'env' in origin ? origin.env : 'flag' in origin ? origin.flag : 'default'
  return `${path} = ${JSON.stringify(value)} (${from})`
}
