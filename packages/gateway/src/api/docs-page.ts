import { html, raw } from 'hono/html'
import type { OpenApiDocument, OpenApiOperation } from './openapi.ts'

/** A page that shows an OpenAPI document: no script, nothing from elsewhere, so it works without a network. */
export function docsPage(document: OpenApiDocument) {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${document.info.title}</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>${document.info.title} <small>${document.info.version}</small></h1>
          ${(document.info.description ?? '').split('\n\n').map((paragraph) => html`<p>${withCode(paragraph)}</p>`)}
          <p><a href="/openapi.json">openapi.json</a></p>
        </header>
        <main>
          ${(document.tags ?? []).map(
            (tag) =>
              html`<section>
                <h2>${tag.name}</h2>
                <p>${tag.description ?? ''}</p>
                ${operations.filter(({ operation }) => operation.tags?.includes(tag.name)).map(operationBlock)}
              </section>`,
          )}
        </main>
      </body>
    </html>`
}

function operationBlock({ path, method, operation }: { path: string; method: string; operation: OpenApiOperation }) {
  const body = Object.values(operation.requestBody?.content ?? {})[0]?.schema
  const answers = Object.keys(Object.entries(operation.responses ?? {}).find(([status]) => status.startsWith('2'))?.[1].content ?? {})
  return html`<details>
    <summary><b class="${method}">${method.toUpperCase()}</b> <code>${path}</code> <span>${operation.summary ?? ''}</span></summary>
    ${operation.description ? html`<p>${operation.description}</p>` : ''} ${parameterTable(operation)}
    ${
      body
        ? html`<h3>Body</h3>
            <pre>${JSON.stringify(body, null, 2)}</pre>`
        : ''
    }
    <p>Answers: ${answers.join(', ')}</p>
  </details>`
}

function parameterTable({ parameters = [] }: OpenApiOperation) {
  if (parameters.length === 0) return ''
  return html`<table>
    <thead>
      <tr>
        <th>Parameter</th>
        <th>In</th>
        <th>Meaning</th>
      </tr>
    </thead>
    <tbody>
      ${parameters.map(
        (parameter) =>
          html`<tr>
            <td><code>${parameter.name}</code></td>
            <td>${parameter.in}</td>
            <td>${parameter.description ?? ''}</td>
          </tr>`,
      )}
    </tbody>
  </table>`
}

function withCode(text: string) {
  return text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))
}

const STYLE = `
:root { color-scheme: light dark; --text: light-dark(#1c1b19, #ecebe8); --muted: light-dark(#55524b, #b4b2ac); --bg: light-dark(#fbfaf8, #121315); --sunken: light-dark(#f3f1ed, #0d0e10); --line: light-dark(#e3dfd8, #2e3237); --accent: light-dark(#0b6b6b, #4cc2b8); }
body { margin: 0 auto; max-width: 54rem; padding: 2rem 1rem 4rem; font: 16px/1.6 system-ui, sans-serif; color: var(--text); background: var(--bg); }
h1 { font-size: 1.75rem; margin: 0; } h1 small { color: var(--muted); font-weight: 400; font-size: 1rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 0; } h3 { font-size: 1rem; }
section > p { color: var(--muted); margin-top: 0; }
a { color: var(--accent); }
details { border-top: 1px solid var(--line); } details[open] { padding-bottom: 1rem; }
summary { padding: .6rem 0; cursor: pointer; display: grid; grid-template-columns: 4.5rem minmax(0, 1fr); column-gap: .5rem; }
summary span { grid-column: 2; color: var(--muted); font-size: .9rem; }
b { font-size: .8rem; letter-spacing: .03em; color: var(--accent); align-self: center; }
code, pre { font: 14px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
pre { background: var(--sunken); padding: 1rem; border-radius: 6px; overflow: auto; max-height: 30rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } th, td { text-align: left; padding: .3rem .8rem .3rem 0; vertical-align: top; border-bottom: 1px solid var(--line); }
`
