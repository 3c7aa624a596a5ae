import { describeOperation, type DescribedOperation } from '@talaria/core/openapi'
import type { MiddlewareHandler } from 'hono'

export interface Operation extends Omit<DescribedOperation, 'tag'> {
  readonly tag: 'Boards' | 'Tasks' | 'Runs' | 'Events' | 'Dispatcher'
}

/** Describes a route for `openapi.json`, from the schemas its handler checks with. */
export function operation(spec: Operation): MiddlewareHandler {
  return describeOperation(spec)
}
