import type { Migration } from '../../schema.ts'

/** Which gateway may be connected to an account of a platform. */
export const platformLeaseTables: Migration = {
  name: '0004-platform-lease',
  sqlite: [
    `create table platform_lease (
      platform text not null,
      account text not null,
      holder text,
      fence integer not null,
      expires_at integer not null,
      primary key (platform, account)
    ) strict, without rowid`,
  ],
}
