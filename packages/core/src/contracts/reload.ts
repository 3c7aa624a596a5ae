import { z } from 'zod'

/** `POST /api/reload` of a service: what reading its settings again has changed. All by the names of variables, but for platforms. */
export const reloadReportSchema = z.object({
  /** In force from now on. */
  changed: z.array(z.string()),
  /** Platforms that connect anew with them. */
  reconnecting: z.array(z.string()),
  /** Set otherwise now, and in force when the service starts again. */
  needsRestart: z.array(z.string()),
})

export type ReloadReport = z.infer<typeof reloadReportSchema>
