import { z } from 'zod'

/** Who may talk to the agent on one platform, and when it answers. */
export interface AccessPolicy {
  readonly allowedUsers: ReadonlySet<string>
  readonly allowedChats: ReadonlySet<string>
  /** Only some platforms have roles. */
  readonly allowedRoles: ReadonlySet<string>
  readonly adminUsers: ReadonlySet<string>
  readonly allowAllUsers: boolean
  readonly requireMention: boolean
  readonly allowBots: 'none' | 'mentions' | 'all'
}

/** The settings that every gateway has beside those of its platforms. */
export interface SharedAccess {
  /** Ids of those who may talk to the agent wherever they are. */
  readonly gatewayAllowedUsers: readonly string[]
  readonly gatewayAllowAllUsers: boolean
}

const ids = z.array(z.string()).readonly().default([])

/** What `chatSettings` makes of one platform, and roles where its own settings have them. What there is not allows nobody. */
const PlatformAccess = z.object({
  AllowedUsers: ids,
  AllowedChats: ids,
  AllowedRoles: ids,
  AdminUsers: ids,
  AllowAllUsers: z.boolean().default(false),
  RequireMention: z.boolean().default(true),
  AllowBots: z.enum(['none', 'mentions', 'all']).default('none'),
})

/** The access policy of a platform as the settings have it, under the names that `chatSettings` gives them. */
export function accessPolicyOf(settings: SharedAccess, platform: string): AccessPolicy {
  const named = Object.entries(settings).filter(([name]) => name.startsWith(platform))
  const own = PlatformAccess.parse(Object.fromEntries(named.map(([name, value]) => [name.slice(platform.length), value])))
  return {
    allowedUsers: new Set([...own.AllowedUsers, ...settings.gatewayAllowedUsers]),
    allowedChats: new Set(own.AllowedChats),
    allowedRoles: new Set(own.AllowedRoles),
    adminUsers: new Set(own.AdminUsers),
    allowAllUsers: own.AllowAllUsers || settings.gatewayAllowAllUsers,
    requireMention: own.RequireMention,
    allowBots: own.AllowBots,
  }
}
