import { readFile } from 'node:fs/promises'
import { messageOf } from '@talaria/core'
import type { RecipeInstance } from '@talaria/db'
import type { Command } from 'commander'
import { readRecipe } from '../graphs/recipes/read-recipe.ts'
import { runRecipe } from '../graphs/recipes/run-recipe.ts'
import { validateRecipe } from '../graphs/recipes/validate-recipe.ts'
import { createSwarm, type Swarm } from '../graphs/swarm.ts'
import { addLeaf, type Json } from './add-leaf.ts'
import { fromNow } from './age.ts'
import type { CommandContext } from './command-context.ts'
import { gatheredWhole, jsonObject, wholeNumber } from './option-values.ts'
import { safeLine } from './safe-text.ts'
import { table } from './table.ts'
import { UsageError } from './usage-error.ts'

interface SwarmOptions extends Json {
  readonly worker: readonly string[]
  readonly verifier: string
  readonly synthesizer: string
  readonly tenant?: string
  readonly priority?: number
  readonly key?: string
}

interface RecipeOptions extends Json {
  readonly inputs?: Record<string, unknown>
  readonly bind?: readonly string[]
}

/** What makes several tasks at once, all of them or none. */
export function addGraphs(kanban: Command, context: CommandContext): void {
  addSwarm(kanban, context)
  const recipe = kanban.command('recipe').description('Make tasks by a template.').usage('[command]')
  addRecipeRun(recipe, context)
  addRecipeValidate(recipe, context)
  addRecipeList(recipe, context)
}

function addSwarm(kanban: Command, context: CommandContext): void {
  addLeaf(kanban, 'swarm <goal...>', {
    description: 'Have several look at one goal. They share a blackboard; a verifier checks what they found, and a synthesizer makes one thing of it.',
    examples: ['swarm "Why is the log-in slow?" --worker "ada:Look at the database" --worker "bob:Look at the cache" --verifier eve --synthesizer ada'],
  })
    .requiredOption('--worker <worker>', 'NAME:TITLE, or NAME:TITLE:SKILL,SKILL; given again, one more', gatheredWhole)
    .requiredOption('--verifier <name>', 'who checks what they found')
    .requiredOption('--synthesizer <name>', 'who puts it together')
    .option('--tenant <name>', 'whose work it is')
    .option('--priority <number>', 'larger goes first', wholeNumber())
    .option('--key <key>', 'make one swarm with this key, however often this is asked')
    .action(async (goal: readonly string[], { worker, json, ...options }: SwarmOptions) => {
      const made = await createSwarm(await context.stores(), { ...options, goal: goal.join(' '), workers: worker.map(workerOf) }, context.options.actor)
      context.answer(json, made, () => madeText(made))
    })
}

function addRecipeRun(recipe: Command, context: CommandContext): void {
  recipeLeaf(recipe, 'run <file>', 'Make the tasks of a recipe, all or none; under a key, once.', [
    'recipe run release.yaml --key 1.2.0 --inputs \'{"version":"1.2.0"}\' --bind builder=ada',
  ])
    .requiredOption('--key <key>', 'make them once with this key, however often this is asked')
    .action(async (file: string, { key, json, ...options }: RecipeOptions & { readonly key: string }) => {
      const made = await runRecipe(await context.stores(), await recipeIn(file, context), { key, actor: context.options.actor, ...argumentsOf(options) })
      context.answer(json, made, () => madeText(made))
    })
}

function addRecipeValidate(recipe: Command, context: CommandContext): void {
  recipeLeaf(recipe, 'validate <file>', 'Look a recipe over: all its problems at once. Makes nothing.', ['recipe validate release.yaml']).action(
    async (file: string, { json, ...options }: RecipeOptions) => {
      const isGiven = options.inputs !== undefined || options.bind !== undefined
      const { problems } = validateRecipe(await recipeIn(file, context), isGiven ? argumentsOf(options) : undefined)
      context.answer(json, { ok: problems.length === 0, problems }, () =>
        problems.length === 0 ? 'The recipe is sound.' : `The recipe has problems: ${problems.length}.`,
      )
      for (const { path, message } of problems) context.refuse(`${path || 'definition'}: ${message}`)
    },
  )
}

function addRecipeList(recipe: Command, context: CommandContext): void {
  addLeaf(recipe, 'list', { description: 'List what recipes and swarms were made.', examples: ['recipe list'] }).action(async ({ json }: Json) => {
    const instances = await (await context.stores()).recipes.list()
    context.answer(json, instances, () => {
      if (instances.length === 0) return 'None was made.'
      return table(
        ['ID', 'RECIPE', 'KEY', 'WHEN', 'TASKS'],
        instances.map(({ id, recipe: name, key, createdAt, tasks }) => [
          id,
          safeLine(name, 40),
          safeLine(key, 40),
          fromNow(createdAt, context.now),
          numbersOf(tasks),
        ]),
      )
    })
  })
  addLeaf(recipe, 'show <instance>', { description: 'Show what a recipe was made into, by its id or its key.', examples: ['recipe show 1.2.0'] }).action(
    async (reference: string, { json }: Json) => {
      const instance = await (await context.stores()).recipes.get(reference)
      context.answer(json, instance, () => madeText({ instance, created: true }))
    },
  )
}

function recipeLeaf(recipe: Command, usage: string, description: string, examples: readonly string[]): Command {
  return addLeaf(recipe, usage, { description, examples })
    .option('--inputs <json>', 'what it asks for, as a JSON object', jsonObject)
    .option('--bind <binding>', 'ROLE=NAME: who has a role; given again, one more', gatheredWhole)
}

async function recipeIn(file: string, context: CommandContext): Promise<unknown> {
  context.requireAdmin('Reading a file')
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`The recipe cannot be read: ${messageOf(error)}`)
  })
  return readRecipe(text)
}

function argumentsOf({ inputs, bind }: RecipeOptions) {
  const bindings = bind && Object.fromEntries(bind.map(bindingOf))
  return { ...(inputs && { inputs }), ...(bindings && { bindings }) }
}

function bindingOf(text: string): readonly [string, string] {
  const [, role, name] = /^([^=]+)=(.+)$/s.exec(text) ?? []
  if (role === undefined || name === undefined) throw new UsageError(`'${text.slice(0, 80)}' is no binding. Write ROLE=NAME.`)
  return [role, name]
}

function workerOf(text: string): Swarm['workers'][number] {
  const [, assignee, title, skills] = /^([^:]+):([^:]+)(?::([\w., -]+))?$/s.exec(text) ?? []
  if (assignee === undefined || title === undefined) throw new UsageError(`'${text.slice(0, 80)}' is no worker. Write NAME:TITLE, or NAME:TITLE:SKILL,SKILL.`)
  return { assignee, title, ...(skills !== undefined && { skills: skills.split(',').map((skill) => skill.trim()) }) }
}

function madeText({ instance, created }: { readonly instance: RecipeInstance; readonly created: boolean }): string {
  const tasks = Object.entries(instance.tasks).map(([name, number]) => `  #${number} ${safeLine(name)}`)
  return [`${safeLine(instance.recipe)} (${instance.id})${created ? '' : ' was made with this key before'}:`, ...tasks].join('\n')
}

function numbersOf(tasks: RecipeInstance['tasks']): string {
  return Object.values(tasks)
    .map((number) => `#${number}`)
    .join(' ')
}
