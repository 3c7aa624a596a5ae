/** Environment variables, passed in: nothing but an app's `config.ts` reads `process.env`. */
export type Env = Readonly<Record<string, string | undefined>>
