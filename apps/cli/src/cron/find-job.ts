import { z } from 'zod'
import { ServiceError, type ServiceClient } from '../service-client.ts'
import { Job } from './job-answers.ts'

const Page = z.object({ jobs: z.array(Job), next_cursor: z.string().nullable() })

/** Every job, oldest first. */
export async function listJobs(client: ServiceClient): Promise<readonly Job[]> {
  const jobs: Job[] = []
  for (let after: string | null = ''; after !== null;) {
    const page: z.output<typeof Page> = await client.ask('GET', `/api/jobs?limit=200${after && `&after=${after}`}`, Page)
    jobs.push(...page.jobs)
    after = page.next_cursor
  }
  return jobs
}

/** The one job of this name or id. @throws ServiceError `REFUSED` when there is none, or more than one of the name */
export async function findJob(client: ServiceClient, nameOrId: string): Promise<Job> {
  const found = (await listJobs(client)).filter(({ id, name }) => id === nameOrId || name === nameOrId)
  if (found.length === 1) return found[0]!
  if (found.length === 0) throw new ServiceError('REFUSED', `There is no job '${nameOrId}'; talaria cron list shows them.`)
  throw new ServiceError('REFUSED', `Several jobs are called '${nameOrId}'. Name one by its id: ${found.map(({ id }) => id).join(', ')}.`)
}
