import type { Migration } from '../../schema.ts'

/** What becomes of tools of a job that ask before they run: nobody is there to answer. */
export const cronApprovals: Migration = {
  name: '0005-cron-approvals',
  sqlite: [`alter table cron_job add column approvals text not null default 'deny'`],
}
