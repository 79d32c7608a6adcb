import { AppError } from "../../../../src/kernel/errors.ts";
import type { SegmentWriter } from "../../../../src/transcripts/queue/batch-writer.ts";
import type { SegmentRow, WriteOutcome } from "../../../../src/transcripts/store/segment-store.ts";

/** Finals that are numbered, so that order and loss are seen. */
export function row(index: number, changes: Partial<SegmentRow> = {}): SegmentRow {
  return {
    sessionSlug: "standup",
    identity: "host",
    name: "Ada",
    utteranceKey: `provider-1:${index}`,
    translationOf: undefined,
    text: `spoken ${index}`,
    language: "en",
    confidence: 0.9,
    startedAt: new Date(index),
    endedAt: new Date(index + 1),
    ...changes,
  };
}

export function rows(count: number, from = 0): SegmentRow[] {
  return Array.from({ length: count }, (_, index) => row(from + index));
}

export const indexOf = ({ utteranceKey }: SegmentRow): number => Number(utteranceKey.split(":")[1]);

/**
 * A database in memory that refuses what the test wants refused. Every call of `write` stands for
 * one statement.
 */
export class ScriptedWriter implements SegmentWriter {
  /** The indices of each statement's rows, refused statements among them. */
  readonly statements: number[][] = [];
  /** What was committed, in order; a row that was written again is there again. */
  readonly committed: number[] = [];
  isUnreachable = false;
  /** Rows with these indices are refused, and with them the statement they are in. */
  readonly badIndices = new Set<number>();
  readonly unknownSlugs = new Set<string>();
  /** Awaited by every statement before it answers. */
  delay: () => Promise<void> = () => Promise.resolve();
  /** Statements at work at this moment, and the most there ever were. */
  runningCount = 0;
  runningCountMax = 0;

  async write(batch: readonly SegmentRow[]): Promise<WriteOutcome> {
    this.statements.push(batch.map(indexOf));
    this.runningCount += 1;
    this.runningCountMax = Math.max(this.runningCountMax, this.runningCount);
    await this.delay();
    this.runningCount -= 1;
    if (this.isUnreachable) {
      throw new AppError("database-unreachable", "expected an answer, got none", {
        retryable: true,
      });
    }
    if (batch.some((one) => this.badIndices.has(indexOf(one)))) {
      throw new AppError("row-refused", "expected valid rows, got a bad one");
    }
    const unknownSessions = batch.filter(({ sessionSlug }) => this.unknownSlugs.has(sessionSlug));
    const known = batch.filter((one) => !unknownSessions.includes(one));
    this.committed.push(...known.map(indexOf));
    return { written: known.length, unknownSessions };
  }
}
