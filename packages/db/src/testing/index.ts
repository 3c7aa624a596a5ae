export { checkForLeaks } from './check-for-leaks.ts'
export { openTestDatabases, type TestDatabases, type TestDatabasesOptions } from './open-test-databases.ts'
export { startChild, type Child, type ChildOptions } from './start-child.ts'
export { temporaryHome, type TemporaryHome } from './temporary-home.ts'
