import { AppError } from "../../../../src/kernel/errors.ts";
import type { Final, FinalWriter, WriteOutcome } from "../../../../src/transcripts/final.ts";
import { indexOf } from "./numbered-finals.ts";

/**
 * A database in memory that refuses what the test wants refused. Every call of `write` stands for
 * one statement.
 */
export class ScriptedWriter implements FinalWriter {
  /** The indices of each statement's finals, refused statements among them. */
  readonly statements: number[][] = [];
  /** What was committed, in order; a final that was written again is there again. */
  readonly committed: number[] = [];
  isUnreachable = false;
  /** Finals with these indices are refused, and with them the statement they are in. */
  readonly badIndices = new Set<number>();
  readonly unknownSlugs = new Set<string>();
  /** Awaited by every statement before it answers. */
  delay: () => Promise<void> = () => Promise.resolve();
  /** Statements at work at this moment, and the most there ever were. */
  runningCount = 0;
  runningCountMax = 0;

  async write(batch: readonly Final[]): Promise<WriteOutcome> {
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
    const unknownCalls = batch.filter(({ speaker }) => this.unknownSlugs.has(speaker.sessionSlug));
    const known = batch.filter((one) => !unknownCalls.includes(one));
    this.committed.push(...known.map(indexOf));
    return { unknownCalls };
  }
}
