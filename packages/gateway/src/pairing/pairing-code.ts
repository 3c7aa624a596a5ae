import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/** 32 symbols of which none is taken for another: no I, O, 0 or 1. */
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const LENGTH = 8

/** OWASP's smallest for scrypt: 40 bits are too few for a fast hash, should the database be read by others. */
const COST = { N: 2 ** 14, r: 8, p: 5 }
const HASH_BYTES = 32

const derive = promisify<string, string, number, typeof COST, Buffer>(scrypt)

/** What somebody is to say to be known, with the only thing that is kept of it. */
export interface PairingCode {
  readonly code: string
  readonly codeHash: string
  readonly salt: string
}

export async function createPairingCode(): Promise<PairingCode> {
  const code = [...randomBytes(LENGTH)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')
  const salt = randomBytes(16).toString('base64url')
  return { code, salt, codeHash: (await hashOf(code, salt)).toString('base64url') }
}

/** Whether what somebody typed is the code behind a hash; blanks, dashes and case do not matter. */
export async function isPairingCode(typed: string, { codeHash, salt }: Pick<PairingCode, 'codeHash' | 'salt'>): Promise<boolean> {
  const kept = Buffer.from(codeHash, 'base64url')
  const given = await hashOf(typed.replaceAll(/[\s-]/g, '').toUpperCase(), salt)
  return kept.length === given.length && timingSafeEqual(kept, given)
}

function hashOf(code: string, salt: string): Promise<Buffer> {
  return derive(code, salt, HASH_BYTES, COST)
}
