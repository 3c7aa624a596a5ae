import { port, text } from '@talaria/core/config'
import type { ServiceEntry } from './service-entry.ts'

/** Every service of this repository. `npm start` and `pnpm dev` run all of them; a new one is a new entry here. */
export const SERVICES: readonly ServiceEntry[] = [
  {
    name: 'gateway',
    main: 'apps/gateway/src/main.ts',
    host: { env: 'API_SERVER_HOST', file: 'gateway.api_server.host', schema: text(), fallback: '127.0.0.1', help: 'Where the gateway listens.' },
    port: { env: 'API_SERVER_PORT', file: 'gateway.api_server.port', schema: port(), fallback: 8642, help: 'The port it listens on.' },
    secrets: ['API_SERVER_KEY'],
    invitations: (url, envFile) => [
      ['The API, described:', `${url}/docs`],
      ['Its key:', `API_SERVER_KEY in ${envFile}`],
      [
        'Say something:',
        `curl ${url}/v1/chat/completions -H "Authorization: Bearer $(grep ^API_SERVER_KEY= ${envFile} | cut -d= -f2)" -H 'Content-Type: application/json' -d '{"model":"talaria","messages":[{"role":"user","content":"Hello"}]}'`,
      ],
    ],
  },
  {
    name: 'kanban',
    main: 'apps/kanban/src/main.ts',
    host: { env: 'KANBAN_HOST', file: 'kanban.host', schema: text(), fallback: '127.0.0.1', help: 'Where the kanban service listens.' },
    port: { env: 'KANBAN_PORT', file: 'kanban.port', schema: port(), fallback: 8788, help: 'The port it listens on.' },
    secrets: ['KANBAN_KEY'],
    invitations: (url, envFile) => [
      ['Its API, described:', `${url}/api/boards/openapi.json`],
      ['Its key:', `KANBAN_KEY in ${envFile}`],
      ['Have something done:', `npx pnpm talaria kanban create "Say hello" --assignee agent && npx pnpm talaria kanban watch`],
    ],
  },
]
