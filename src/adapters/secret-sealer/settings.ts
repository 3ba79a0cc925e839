/** What all sealers share. */

/** A file of the listener's that was mended is noticed within so long. */
export const sealingAgainMs = 30_000;
