export { descriptorsOf, expectSameDescriptors, type Descriptors } from './descriptors.ts'
export { FakeClock } from './fake-clock.ts'
