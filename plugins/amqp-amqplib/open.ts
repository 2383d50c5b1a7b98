import { readFile } from 'node:fs/promises'
import type { Duplex } from 'node:stream'
import { type ChannelModel, connect } from 'amqplib'
import type { SettingsOf } from '../../kernel/plugin.ts'
import { within } from './calls.ts'
import type { settings as declared } from './settings.ts'

export type Settings = SettingsOf<typeof declared>

/** How long a connection may take to say goodbye before its socket is closed without. */
const goodbyeMs = 2_000

/** One connection; rejects with the SDK's error. `purpose` tells it from the others in the broker's list. */
export async function openModel(settings: Settings, purpose: string): Promise<ChannelModel> {
  const { tls, connectTimeoutMs, heartbeatMs, appName } = settings
  const url = new URL(settings.url)
  url.searchParams.set('heartbeat', String(Math.max(1, Math.round(heartbeatMs / 1_000))))

  const opening = connect(url.href, {
    noDelay: true, keepAlive: true, timeout: connectTimeoutMs,
    clientProperties: { connection_name: `${appName} ${purpose}` },
    ...(tls.ca !== undefined && { ca: [await readFile(tls.ca)] }),
    ...(tls.certificate !== undefined && { cert: await readFile(tls.certificate) }),
    ...(tls.key !== undefined && { key: await readFile(tls.key) }),
  })
  try {
    // The SDK's own timeout begins again with each byte that comes.
    return await within({ remainingMs: () => connectTimeoutMs }, opening)
  } catch (error) {
    void opening.then(closeModel, () => undefined)
    throw error
  }
}

/** In good order where the broker answers, and at once where it does not. */
export async function closeModel(model: ChannelModel): Promise<void> {
  model.on('error', () => undefined)
  try {
    await within({ remainingMs: () => goodbyeMs }, model.close())
  } catch {
    // The socket stands in no type of the SDK; without an answer nothing else ends it.
    (model.connection as unknown as { readonly stream?: Duplex }).stream?.destroy()
  }
}
