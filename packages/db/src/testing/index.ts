export { checkForLeaks } from './check-for-leaks.ts'
export { openTestDatabases, type TestDatabases, type TestDatabasesOptions } from './open-test-databases.ts'
export { temporaryHome, type TemporaryHome } from './temporary-home.ts'
