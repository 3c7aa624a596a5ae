/** A command of Hermes that does nothing here. */
export interface NotApplicable {
  readonly name: string
  readonly aliases: readonly string[]
  /** Why, as a sentence to who typed it. */
  readonly reason: string
}

const REASONS = {
  'This belongs to a terminal.': [
    'clear',
    'redraw',
    'history',
    'prompt',
    'handoff',
    'worktree',
    'snapshot',
    'export',
    'import',
    'journey',
    'config',
    'statusbar',
    'battery',
    'timestamps',
    'focus',
    'skin',
    'indicator',
    'wake',
    'pet',
    'hatch',
    'copy',
    'paste',
    'image',
    'quit',
    'browser',
  ],
  "This arrives with the agent's tools for files and programs.": ['rollback', 'diff', 'init', 'tools', 'toolsets', 'egress', 'agents tasks', 'verbose'],
  "This arrives with the agent's goals.": ['goal', 'subgoal', 'heartbeat hb', 'loop', 'suggestions', 'blueprint bp'],
  "This arrives with the agent's skills and memory.": ['skills', 'bundles', 'learn', 'curator', 'memory', 'refine', 'reload-skills'],
  'This arrives with MCP servers.': ['reload-mcp', 'plugins'],
  'One model answers a message here.': ['moa', 'codex-runtime'],
  'The provider of the model knows; it says so on its own pages.': ['topup', 'subscription', 'fast'],
  'The number of tokens is in the usage of a conversation, and the model says when it is too long.': ['context ctx'],
  'One gateway serves one home; another profile is another home.': ['profile'],
  'Every topic or thread has a conversation of its own already.': ['topic'],
  'Voice notes are transcribed wherever the settings name a transcriber; answers are text.': ['voice'],
  'The gateway is updated where it was installed.': ['update'],
  'The list of platforms is in the command platform.': ['platforms'],
} as const satisfies Readonly<Record<string, readonly string[]>>

/** Every command of Hermes that does nothing here, with the reason. */
export const NOT_APPLICABLE: readonly NotApplicable[] = Object.entries(REASONS).flatMap(([reason, commands]) =>
  commands.map((words) => {
    const [name, ...aliases] = words.split(' ')
    return { name: name!, aliases, reason }
  }),
)
