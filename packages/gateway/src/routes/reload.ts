import { codeOf, messageOf } from '@talaria/core'
import { reloadReportSchema } from '@talaria/core/contracts'
import { Hono } from 'hono'
import { z } from 'zod'
import type { ApiEnv } from '../api/api-context.ts'
import { ApiError } from '../api/api-error.ts'
import { requireScope } from '../api/caller.ts'
import { operation } from '../api/operation.ts'
import type { Reload } from '../reload.ts'

const Report = reloadReportSchema.extend({ object: z.literal('talaria.reload') })

/** `/api/reload`: reads `config.yaml` and `.env` again. For admins. */
export function reloadRoutes(reload: Reload | undefined) {
  return new Hono<ApiEnv>().post('/reload', operation({ tag: 'Operation', summary: 'Read the settings again', answer: Report }), async (c) => {
    requireScope(c.get('caller'), 'admin')
    if (!reload) throw new ApiError('settings_invalid', 'The settings of this gateway were given to it by a program, and cannot be read again.')
    try {
      return c.json({ object: 'talaria.reload', ...(await reload()) })
    } catch (error) {
      if (codeOf(error) !== 'INVALID_CONFIG') throw error
      throw new ApiError('settings_invalid', `Nothing has changed. ${messageOf(error)}`, { cause: error })
    }
  })
}
