/** Who is told of what happens on boards; loads neither the dispatcher nor a web framework. */
export { gatewayDeliveries } from './gateway-deliveries.ts'
export { Notifier } from './notifier.ts'
