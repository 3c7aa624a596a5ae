import { TalariaError } from '../errors.ts'

/** What is wrong with a request, before anybody has looked at what it asks for. */
export type InputErrorCode =
  /** Not UTF-8, not JSON, not an object, or nested too deep. */
  'invalid_json' | 'body_too_large' | 'missing_required_parameter' | 'unknown_parameter' | 'invalid_value'

/** A request that cannot be understood. Each service renders it in its own words. */
export class InputError extends TalariaError<InputErrorCode> {
  /** Which parameter is meant, if it is one. */
  readonly param: string | undefined

  constructor(code: InputErrorCode, message: string, param?: string) {
    super(code, message)
    this.param = param
  }
}
