export { Gateway, type GatewayOptions } from './gateway.ts'
export { isApiServerWanted, planApiServer } from './platforms/api-server-plan.ts'
export type { PlatformPlan, PlatformService } from './platforms/platform.ts'
export { agentSettingsOf, gatewaySettings, type GatewaySettings } from './settings.ts'
