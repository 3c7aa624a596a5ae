/** Loads what this package stands on and nothing of its own, for a measurement of what starting costs beside that. */
import 'better-sqlite3'
import 'kysely'
