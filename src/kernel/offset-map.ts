/** From `from` on one count and another run side by side, the other one from `to`. */
export type OffsetPoint = readonly [from: number, to: number];

export interface OffsetMapOptions {
  /** Points that are remembered; with more of them the oldest are forgotten. */
  readonly pointsMax: number;
  /** Steps of the other count to one step of this; 1 where absent. */
  readonly scale?: number;
}

/**
 * Where one count stands in another that leaps now and then, forward or back.
 *
 * Points lie in ascending order of `from`: a point that does not is a later word on the same place, and takes back those at
 * its place and behind it. Noting a point takes constant time on average, looking one up at most `pointsMax` steps, from the
 * latest on.
 */
export class OffsetMap {
  readonly #pointsMax: number;
  readonly #scale: number;
  readonly #points: OffsetPoint[] = [];

  constructor({ pointsMax, scale = 1 }: OffsetMapOptions) {
    this.#pointsMax = pointsMax;
    this.#scale = scale;
  }

  /** In ascending order of `from`. */
  get points(): readonly OffsetPoint[] {
    return this.#points;
  }

  get latest(): OffsetPoint | undefined {
    return this.#points.at(-1);
  }

  note(from: number, to: number): void {
    while (this.latest !== undefined && this.latest[0] >= from) this.#points.pop();
    this.#points.push([from, to]);
    if (this.#points.length > this.#pointsMax) this.#points.shift();
  }

  /** Takes the latest point back. */
  forgetLatest(): void {
    this.#points.pop();
  }

  /** The latest point at `from` or before it. */
  pointAt(from: number): OffsetPoint | undefined {
    return this.#points.findLast(([begin]) => begin <= from);
  }

  /** By the latest point at `from` or before it, and before all of them by the oldest; undefined without any. */
  at(from: number): number | undefined {
    const point = this.pointAt(from) ?? this.#points[0];
    return point === undefined ? undefined : point[1] + (from - point[0]) * this.#scale;
  }
}
