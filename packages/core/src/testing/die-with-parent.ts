/**
 * Ends this process when the one that started it is gone: a test runner that is killed kills nobody, and what it had
 * started would run on. Loaded by `ServiceProcess` before the program, with the number of that process in its address.
 */

const LOOK_EVERY_MS = 500

// Not `process.ppid`, which is another one by now when the parent died while we started.
const parent = Number(new URL(import.meta.url).searchParams.get('parent'))

setInterval(() => {
  try {
    process.kill(parent, 0)
  } catch {
    process.kill(process.pid, 'SIGKILL')
  }
}, LOOK_EVERY_MS).unref()
