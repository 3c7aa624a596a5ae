import type { PlatformDefinition } from './definition.ts'
import { webhook } from './webhook/webhook.ts'

/** Every chat service we know, in the order in which they are shown. A new one is a new entry here and in the settings below. */
export const PLATFORMS: readonly PlatformDefinition[] = [webhook]

/** The settings of all of them, for the gateway's own table. */
export const platformSettings = { ...webhook.settings }
