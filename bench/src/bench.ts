import type { GatewayProcess, GatewayProcessOptions } from './gateway-process.ts'

/** One figure that somebody cares about, and whether it is as good as it should be. */
export interface Row {
  readonly work: string
  /** As it is printed. */
  readonly measured: string
  readonly goal: string
  readonly isMet: boolean
  /** What it was computed from; for the JSON. */
  readonly figures: Readonly<Record<string, number>>
}

export interface BenchContext {
  /** Seconds of load for each measurement. */
  readonly seconds: number
  /** Fewer rows and turns: to see that a bench works, not how fast things are. */
  readonly isQuick: boolean
  /** A folder on a real disk, emptied afterwards; on a memory file system ratios of durable writes mean nothing. */
  readonly folder: string
  startGateway(options?: GatewayProcessOptions): Promise<GatewayProcess>
  /** Starts one of `servers/` in a process of its own; its URL. */
  startServer(name: string): Promise<string>
}

/** A measurement that takes its own comparison along, so that it is judged by ratios within one run. */
export interface Bench {
  readonly name: string
  run(context: BenchContext): Promise<readonly Row[]>
}

/** A row whose figure is a share of something measured in the same run. */
export function ratioRow(work: string, share: number, options: { readonly of: string; readonly atLeast: number; readonly figures: Row['figures'] }): Row {
  const percent = (value: number) => `${Math.round(value * 100)} %`
  return {
    work,
    measured: `${percent(share)} of ${options.of}`,
    goal: `≥ ${percent(options.atLeast)}`,
    isMet: share >= options.atLeast,
    figures: { share, ...options.figures },
  }
}

/** A row whose figure must stay below a bound. */
export function boundRow(work: string, value: number, options: { readonly atMost: number; readonly unit: string; readonly figures?: Row['figures'] }): Row {
  const shown = (number: number) => `${Number(number.toPrecision(3))} ${options.unit}`
  return { work, measured: shown(value), goal: `≤ ${shown(options.atMost)}`, isMet: value <= options.atMost, figures: { value, ...options.figures } }
}
