import type { ServiceEntry } from './service-entry.ts'

/** Every service of this repository. `npm start` and `pnpm dev` run all of them; a new one is a new entry here. */
export const SERVICES: readonly ServiceEntry[] = [
  {
    name: 'gateway',
    main: 'apps/gateway/src/main.ts',
    host: { variable: 'API_SERVER_HOST', preset: '127.0.0.1' },
    port: { variable: 'API_SERVER_PORT', preset: 8642 },
    secrets: ['API_SERVER_KEY'],
    invitations: (url, envFile) => [
      ['The API, described:', `${url}/docs`],
      ['Its key:', `API_SERVER_KEY in ${envFile}`],
      [
        'Say something:',
        `curl ${url}/v1/chat/completions -H "Authorization: Bearer $(grep ^API_SERVER_KEY= ${envFile} | cut -d= -f2)" -H 'Content-Type: application/json' -d '{"model":"default","messages":[{"role":"user","content":"Hello"}]}'`,
      ],
    ],
  },
]
