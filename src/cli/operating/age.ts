/** How long something has been so, in the largest unit that says enough: `3 d`, `5 h`, `12 min`. */

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
] as const;

export function age(since: Date, now: Date): string {
  const ms = Math.max(0, now.getTime() - since.getTime());
  const unit = units.find(([, length]) => ms >= length);
  return unit ? `${Math.floor(ms / unit[1])} ${unit[0]}` : `${Math.floor(ms / 1000)} s`;
}
