import type { PlatformDefinition } from './definition.ts'
import { telegram } from './telegram/telegram.ts'
import { webhook } from './webhook/webhook.ts'

/** Every chat service we know, in the order in which they are shown. A new one is a new entry here and in the settings below. */
export const PLATFORMS: readonly PlatformDefinition[] = [telegram, webhook]

/** The settings of all of them, for the gateway's own table. */
export const platformSettings = { ...telegram.settings, ...webhook.settings }
