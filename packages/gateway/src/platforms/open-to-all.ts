import type { PlatformDefinition } from './definition.ts'

/** The settings that let everybody on a platform talk to the agent, by their variables; platforms that are not set up do not count. */
export function openToAll(definitions: readonly PlatformDefinition[], settings: Readonly<Record<string, unknown>>): readonly string[] {
  const ready = definitions.filter((definition) => definition.plan(settings).state === 'ready')
  const open = ready.flatMap((definition) => {
    const key = `${definition.name}AllowAllUsers`
    const setting = definition.settings[key]
    return setting && settings[key] === true ? [setting.env] : []
  })
  return ready.length > 0 && settings.gatewayAllowAllUsers === true ? ['GATEWAY_ALLOW_ALL_USERS', ...open] : open
}
