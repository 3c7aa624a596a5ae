/** Who is told of what happens on boards; loads neither the dispatcher nor a web framework. */
export { gatewayDeliveries, type ChatNotifications } from './gateway-deliveries.ts'
export type { Deliveries, Deliver, Notification, NotificationFile } from './notification.ts'
export { Notifier, type NotifierOptions } from './notifier.ts'
