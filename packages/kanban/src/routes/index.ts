export type { Authorize, Caller, Scope } from './caller.ts'
export type { DispatcherStatus, KanbanControl } from './kanban-control.ts'
export { kanbanRoutes, type KanbanRoutesOptions } from './kanban-routes.ts'
