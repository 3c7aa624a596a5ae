/** An option that is set with `=`, a text in quotes of any sort, and a bare word. Quotes within a word, as in `user's`, are letters. */
const WORD = /(?<option>--[\w-]+=)?(?:"(?<double>(?:[^"\\]|\\.)*)"|'(?<single>[^']*)'|[“„](?<curly>[^“”]*)[“”])(?=\s|$)|(?<bare>\S+)/gs

/** The words of a line as a shell would part them; what no shell would understand, such as a lone quote, stays as it is. */
export function splitWords(line: string): readonly string[] {
  return [...line.matchAll(WORD)].map(({ groups = {} }) => {
    const { option = '', double, single, curly, bare } = groups
    return bare ?? option + (double?.replaceAll(/\\(["\\])/g, '$1') ?? single ?? curly ?? '')
  })
}
