import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Env } from './env.ts'

/** Where everything that belongs to one installation lives, as absolute paths. Plain data: nothing of it need exist. */
export interface HomePaths {
  readonly home: string
  readonly configFile: string
  readonly envFile: string
  readonly gatewayDb: string
  readonly webuiDb: string
  /** One database a board: `boards/<slug>.db`. */
  readonly boardsDir: string
  readonly backupsDir: string
  readonly logsDir: string
}

/** The home of this installation as an absolute path: `TALARIA_HOME`, with `~` for the person's home, or `~/.talaria`. */
export function talariaHome(env: Env): string {
  const userHome = env.HOME || homedir()
  const chosen = env.TALARIA_HOME?.trim() || '~/.talaria'
  // Only a shell expands `~`: it arrives as it is from .env files, systemd units and container files.
  if (chosen === '~') return resolve(userHome)
  return chosen.startsWith('~/') ? resolve(userHome, chosen.slice(2)) : resolve(chosen)
}

/** The paths inside a home. Reads and creates nothing. */
export function homePaths(home: string): HomePaths {
  return {
    home,
    configFile: join(home, 'config.yaml'),
    envFile: join(home, '.env'),
    gatewayDb: join(home, 'gateway.db'),
    webuiDb: join(home, 'webui.db'),
    boardsDir: join(home, 'boards'),
    backupsDir: join(home, 'backups'),
    logsDir: join(home, 'logs'),
  }
}
