export { describeOperation, type DescribedOperation } from './describe-operation.ts'
