import { randomBytes, randomUUID } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { parseEnv } from 'node:util'
import { systemClock } from './clock.ts'
import { codeOf } from './errors.ts'
import { homePaths } from './home.ts'

const HEADER = '# Secrets of this Talaria. Whoever can read this file can use the agent: keep it private.\n'

// The lock is held for the few milliseconds of one read and one rename: one this old belongs to a process that died.
const STALE_LOCK_MS = 5_000
const LOCK_POLL_MS = 10

/**
 * Makes sure that `.env` of a home has a value for each name, and returns the values. Missing and empty ones become 256
 * random bits; every other line and comment stays as it is. The file is replaced in one step, with mode 0600, and two
 * processes that start together end with the same values. For the launchers of `npm start` and `pnpm dev` only: a
 * service never makes up its own secrets.
 */
export async function ensureSecrets(home: string, names: readonly string[]): Promise<Readonly<Record<string, string>>> {
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const { envFile } = homePaths(home)
  // A person may keep the file elsewhere and link to it: renaming onto the link would cut it.
  const file = existsSync(envFile) ? realpathSync(envFile) : envFile
  if (missingFrom(read(file), names).length > 0) await addMissing(file, names)
  const values = parseEnv(read(file))
  return Object.fromEntries(names.map((name) => [name, values[name] ?? '']))
}

async function addMissing(file: string, names: readonly string[]): Promise<void> {
  const lock = `${file}.lock`
  await takeLock(lock)
  try {
    // Read again: whoever held the lock before may have added them.
    const text = read(file)
    const missing = missingFrom(text, names)
    if (missing.length > 0) replace(file, missing.reduce(withSecret, text || HEADER))
  } finally {
    rmSync(lock, { force: true })
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  }
}

function missingFrom(text: string, names: readonly string[]): string[] {
  const values = parseEnv(text)
  return names.filter((name) => !values[name]?.trim())
}

/** The text with a new value for `name`: in place of an empty assignment if there is one, else in a line of its own. */
function withSecret(text: string, name: string): string {
  const line = `${name}=${randomBytes(32).toString('base64url')}`
  const emptyAssignment = new RegExp(`^[ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=[ \\t]*(?:""|'')?[ \\t]*$`, 'm')
  if (emptyAssignment.test(text)) return text.replace(emptyAssignment, line)
  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${line}\n`
}

function replace(file: string, text: string): void {
  const draft = `${file}.${randomUUID()}`
  const descriptor = openSync(draft, 'wx', 0o600)
  try {
    writeFileSync(descriptor, text)
    // Without it a power cut after the rename may leave an empty file, and the keys people have copied are gone.
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  renameSync(draft, file)
}

async function takeLock(lock: string): Promise<void> {
  for (;;) {
    try {
      return writeFileSync(lock, String(process.pid), { flag: 'wx', mode: 0o600 })
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
    breakIfStale(lock)
    await systemClock.delay(LOCK_POLL_MS)
  }
}

function breakIfStale(lock: string): void {
  if (!isStale(lock)) return
  const grave = `${lock}.${randomUUID()}`
  try {
    renameSync(lock, grave)
    // Another process broke it first and has locked again: what was carried away is a living lock.
    if (!isStale(grave)) linkSync(grave, lock)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error
  } finally {
    rmSync(grave, { force: true })
  }
}

function isStale(lock: string): boolean {
  const stats = statSync(lock, { throwIfNoEntry: false })
  // File times are the machine's, whatever clock the process runs by.
  return stats !== undefined && systemClock.now() - stats.mtimeMs > STALE_LOCK_MS
}
