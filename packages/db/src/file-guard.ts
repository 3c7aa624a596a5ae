import { codeOf, type Clock, type Log } from '@talaria/core'
import { DatabaseError, translateError } from './errors.ts'
import { createPrivateFile, damageOf, fileExists, identityOf, noteDamage, sizeOf, type Damage } from './files.ts'

/** Asking the file system costs a tenth of an empty read. */
const CHECK_MS = 100

/**
 * What this process knows of one database file, for as long as it lives: which file it has open, and whether that is
 * damaged. Nothing is repaired, replaced or created in silence.
 */
export class FileGuard {
  readonly #file: string
  readonly #clock: Clock
  readonly #log: Log
  /** The file that connections of this process are open on. */
  #open: string | undefined
  #wasThere = false
  #checkedAt = Number.NEGATIVE_INFINITY
  #damage: Damage | undefined
  #damaged: string | undefined

  constructor(file: string, clock: Clock, log: Log) {
    this.#file = file
    this.#clock = clock
    this.#log = log
  }

  get damage(): Damage | undefined {
    return this.#damage
  }

  /**
   * To be called before a connection is opened.
   *
   * @throws DatabaseError `REPLACED`, `CORRUPT`
   */
  beforeOpening(): void {
    this.check()
    // A restore puts a sound file in the place of the damaged one.
    if (this.#damage && identityOf(this.#file) !== this.#damaged) this.#damage = undefined
    this.#learnDamage()
    // SQLite would throw the log away, and with it everything that was committed.
    if (fileExists(this.#file) && sizeOf(this.#file) === 0 && sizeOf(`${this.#file}-wal`) > 0) {
      throw new DatabaseError('CORRUPT', `${this.#file} is empty and its write-ahead log is not: it was cut off.`, { details: { file: this.#file } })
    }
  }

  /** To be called as soon as a connection is open. */
  opened(): void {
    this.#wasThere = true
    this.#open ??= identityOf(this.#file)
    this.check()
  }

  /** To be called when every connection is closed: from now on another file may take the place of this one. */
  closed(): void {
    if (identityOf(this.#file) === this.#open) this.#open = undefined
  }

  /**
   * Makes the file if it never was there.
   *
   * @throws DatabaseError `REPLACED` when it has been removed: an empty one in its place would look like data loss, and be it.
   */
  make(): void {
    if (this.#wasThere && !fileExists(this.#file)) throw this.#replaced()
    createPrivateFile(this.#file)
  }

  /**
   * Refuses to go on with a file that is not the one at this path any more: what is written to it would be lost.
   *
   * @throws DatabaseError `REPLACED`
   */
  check(): void {
    if (this.#open === undefined) return
    if (identityOf(this.#file) !== this.#open) throw this.#replaced()
  }

  /** The same for a read, which loses nothing when it is a moment late; learns of damage that another process has found. */
  checkNowAndThen(): void {
    const now = this.#clock.monotonic()
    if (now - this.#checkedAt < CHECK_MS) return
    this.check()
    this.#learnDamage()
    this.#checkedAt = now
  }

  /** @throws DatabaseError `CORRUPT` when the file is known to be damaged. */
  refuseDamaged(): void {
    if (!this.#damage) return
    const { reason, foundAt } = this.#damage
    throw new DatabaseError(
      'CORRUPT',
      `${this.#file} is damaged (found ${new Date(foundAt).toISOString()}: ${reason}) and is read-only. Restore a backup with: talaria restore`,
      {
        details: { file: this.#file },
      },
    )
  }

  /** Read-only from now on, here, in other processes and after a restart, and said so. */
  markDamaged(reason: string): void {
    if (this.#damage) return
    this.#damage = { foundAt: this.#clock.now(), reason }
    this.#damaged = identityOf(this.#file)
    noteDamage(this.#file, this.#damage)
    this.#log.error({ file: this.#file, reason }, 'a database is damaged and is read-only from now on; restore a backup with: talaria restore')
  }

  /** An error on its way out: in our words, and remembered when it says that the file is damaged. */
  failure(error: unknown): unknown {
    const translated = translateError(error, this.#file)
    if (codeOf(translated) === 'CORRUPT') this.markDamaged((translated as Error).message)
    return translated
  }

  #learnDamage(): void {
    if (this.#damage) return
    this.#damage = damageOf(this.#file)
    if (this.#damage) this.#damaged = identityOf(this.#file)
  }

  #replaced(): DatabaseError {
    const what = fileExists(this.#file) ? 'replaced by another file' : 'removed'
    return new DatabaseError(
      'REPLACED',
      `${this.#file} was ${what} while this process used it. Nothing is read, written or made there until it is restarted.`,
      {
        details: { file: this.#file },
      },
    )
  }
}
