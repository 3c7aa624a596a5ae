import type { PlatformDefinition } from './definition.ts'

/** Every chat service we know, in the order in which they are shown. A new one is a new entry here and in the settings below. */
export const PLATFORMS: readonly PlatformDefinition[] = []

/** The settings of all of them, for the gateway's own table. */
export const platformSettings = {}
