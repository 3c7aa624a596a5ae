import { expect, test } from 'vitest'
import { renderMrkdwn } from './render-mrkdwn.ts'

test.each([
  ['**bold** and *italic* and ~~gone~~', '*bold* and _italic_ and ~gone~'],
  ['# A **title**', '*A title*'],
  ['- one\n  - two', '• one\n  • two'],
  ['> quoted', '> quoted'],
  ['[text](https://a.example/x_y_z?a=1&b=2)', '<https://a.example/x_y_z?a=1&amp;b=2|text>'],
  ['see https://a.example/a*b*c', 'see https://a.example/a*b*c'],
  ['`a < b` **x**', '`a &lt; b` *x*'],
  ['```ts\nif (a < b) **c**\n```', '```\nif (a &lt; b) **c**\n```'],
  ['2 * 3 * 4 and snake_case_name', '2 * 3 * 4 and snake_case_name'],
  ['```\nopen', '```\nopen\n```'],
])('%j is shown as %j', (markdown, mrkdwn) => {
  expect(renderMrkdwn(markdown)).toBe(mrkdwn)
})

test.each(['<!everyone>', '<@U1|x>', '[x](javascript:alert)', '[a](<!here>)', '\u00020\u0002', '`<!channel>`', '```\n<!here>\n```'])(
  '%j makes no markup',
  (markdown) => {
    expect(renderMrkdwn(markdown)).not.toMatch(/<|undefined/)
  },
)
