import type { HeardFinals } from "../finals/heard-finals.ts";
import type { LiveLink } from "../stream/provider-session.ts";
import type { Progress, SourceAudio } from "./source-audio.ts";

/** A stretch of the source, in bytes. */
export interface AudioRange {
  readonly from: number;
  readonly to: number;
}

/** The stream's present link, and how far the provider is with the source by it or, until there is another one, by the last. */
export class LinkProgress {
  readonly #source: SourceAudio;
  readonly #finals: HeardFinals;
  #link: LiveLink | undefined;
  #left: LiveLink | undefined;

  constructor(deps: { readonly source: SourceAudio; readonly finals: HeardFinals }) {
    this.#source = deps.source;
    this.#finals = deps.finals;
  }

  get link(): LiveLink | undefined {
    return this.#link;
  }

  /** The provider has every byte of the source before this one. */
  get acknowledged(): number {
    return (this.#link ?? this.#left)?.acknowledged ?? 0;
  }

  /** Where the source has to be kept from, for a new session. */
  get progress(): Progress {
    return {
      acknowledgedBytes: this.acknowledged,
      speechSeconds: (this.#link ?? this.#left)?.utterances.oldest?.startSeconds,
      finalSeconds: this.#finals.end,
    };
  }

  /** Where a new session begins. */
  get replayStart(): number {
    const { progress } = this;
    // A final acknowledges its audio too.
    const finalBytes = progress.finalSeconds * this.#source.bytesPerSecond;
    const acknowledgedBytes = Math.max(progress.acknowledgedBytes, finalBytes);
    return this.#source.replayStart({ ...progress, acknowledgedBytes });
  }

  /** R12: audio that was dropped is lost once it would have to be sent: until then the provider may have heard it. */
  findLoss(): AudioRange | undefined {
    const from = Math.max(this.#link?.cursor ?? 0, this.#left?.acknowledged ?? 0);
    const to = this.#source.backlog.start;
    return from < to ? { from, to } : undefined;
  }

  change(link: LiveLink): void {
    this.#link = link;
  }

  /** The link is over. */
  leave(link: LiveLink): void {
    this.#link = undefined;
    this.#left = link;
  }
}
