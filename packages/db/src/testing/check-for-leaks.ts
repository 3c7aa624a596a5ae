import { descriptorsOf, expectSameDescriptors, type Descriptors } from '@talaria/core/testing'
import { afterEach, beforeEach, expect } from 'vitest'
import type { Databases } from '../databases.ts'
import { takeUnclosedTestDatabases } from './open-test-database.ts'

/**
 * Has every test of the calling file give back what it took: no database is left open, and each open file of the process
 * is one that was open before.
 */
export function checkForLeaks(): void {
  let before: Descriptors
  beforeEach(async () => {
    before = await descriptorsOf()
  })
  afterEach(async () => {
    expect(takeUnclosedTestDatabases(), 'test databases that were not closed').toEqual([])
    expect(openedDatabases()?.stats(), 'openDatabases() without close()').toBeUndefined()
    await expectSameDescriptors(before)
  })
}

function openedDatabases(): Databases | undefined {
  return (globalThis as { [key: symbol]: Databases | undefined })[Symbol.for('talaria.databases')]
}
