export type { ChatAddress } from '@talaria/db'
