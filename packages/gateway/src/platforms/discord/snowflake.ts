const DISCORD_EPOCH = 1_420_070_400_000n

/** When Discord gave an id, in milliseconds; ids say so in their upper bits. */
export function timeOfSnowflake(id: string): number {
  return Number((BigInt(id) >> 22n) + DISCORD_EPOCH)
}
