import { InvalidArgumentError } from 'commander'

/** Reads an option that is a whole number from 1 to `max`; refuses anything else in words. */
export function countUpTo(max: number) {
  return (text: string): number => {
    const count = Number(text)
    if (!Number.isInteger(count) || count < 1 || count > max) throw new InvalidArgumentError(`It is a whole number from 1 to ${max}.`)
    return count
  }
}
