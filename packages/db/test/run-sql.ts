/** A process that does to a database what no store does. Arguments: the file, and SQL. */
import Database from 'better-sqlite3'

const [file = '', sql = ''] = process.argv.slice(2)
const database = new Database(file)
database.unsafeMode(true)
database.exec(sql)
database.close()
