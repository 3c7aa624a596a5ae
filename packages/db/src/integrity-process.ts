/**
 * A process that runs `pragma quick_check` on one file and prints what it finds as JSON. A process of its own, because
 * the check is synchronous and takes ten seconds for 400 MB, and because a third handle on the file in the service's
 * own process would cost descriptors for good.
 */
import Database from 'better-sqlite3'

const [file = ''] = process.argv.slice(2)

function check(): { problems: string[] } {
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 20_000 })
  try {
    const rows = database.pragma('quick_check(20)') as { quick_check: string }[]
    return { problems: rows.map((row) => row.quick_check).filter((line) => line !== 'ok') }
  } finally {
    database.close()
  }
}

try {
  process.stdout.write(JSON.stringify(check()))
} catch (error) {
  const { code, message } = error as { code?: string; message: string }
  const isDamage = code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB'
  process.stdout.write(JSON.stringify(isDamage ? { problems: [message] } : { failed: message }))
}
