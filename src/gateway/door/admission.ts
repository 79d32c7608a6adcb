import { AppError } from "../../kernel/errors.ts";
import { readQuery } from "../../kernel/request-url.ts";
import { monotonicMs } from "../../kernel/timers.ts";
import type { Log } from "../../observe/log.ts";
import type { Speaker } from "../../relay/ports.ts";
import type { RecognitionChoices } from "../../relay/recognition/recognition-choices.ts";
import type { RecognitionOptions } from "../../relay/recognition/recognition-options.ts";
import { toClientFailure } from "../protocol/client-failure.ts";
import { AttemptLimiter } from "./attempt-limiter.ts";
import { networkOf } from "./ip-address.ts";
import { parseResumeRequest, type ResumeRequest } from "./resume-request.ts";
import { parseStreamRequest } from "./stream-request.ts";

/** Who a token speaks for, how, and until when. */
export interface Identification {
  readonly speaker: Speaker;
  /** What the token decides; it wins over what the client asks for. */
  readonly recognitionChoices: RecognitionChoices;
  readonly expiresAt: Date;
}

/** Knows tokens. Both calls reject with an `AppError` that quotes nothing of the token. */
export interface Authenticator {
  /** By the token that the request carries in one of its three places. */
  identify(request: Request): Promise<Identification>;
  identifyToken(token: string): Promise<Identification>;
  /** The sub-protocol that the answer to this upgrade must name, if any. */
  selectProtocol(request: Request): string | undefined;
}

export interface Admitted extends Identification {
  readonly recognition: RecognitionOptions;
  /** The session that the client was cut off from; undefined when it begins anew. */
  readonly resume: ResumeRequest | undefined;
}

export interface AdmissionDeps {
  readonly authenticator: Authenticator;
  readonly isDraining: () => boolean;
  readonly log: Log;
}

export interface AdmissionOptions {
  /** Origins of pages that may connect, in lower case; empty allows all. Programs send no origin and are not asked for one. */
  readonly allowedOrigins: readonly string[];
  /** Connections that one address may open in a minute; IPv6 addresses of one /64 are one. */
  readonly attemptsPerAddressMax: number;
  /** Connections that one token subject may open in a minute. */
  readonly attemptsPerSubjectMax: number;
}

const DRAINING = "the server restarts";

/** Some megabytes when all of them are known. */
const KEYS_MAX = 20_000;

/**
 * Decides about a new connection by everything that needs no session: the number of sessions and readiness are asked when one
 * opens, because a client that comes back to its session opens none.
 *
 * What costs least is asked first, and a token's signature is checked only for an address that keeps to its limit (R23).
 */
export class Admission {
  readonly #deps: AdmissionDeps;
  readonly #allowedOrigins: ReadonlySet<string>;
  readonly #attemptsByAddress: AttemptLimiter;
  readonly #attemptsBySubject: AttemptLimiter;

  constructor(deps: AdmissionDeps, options: AdmissionOptions) {
    this.#deps = deps;
    this.#allowedOrigins = new Set(options.allowedOrigins);
    this.#attemptsByAddress = createLimiter(options.attemptsPerAddressMax);
    this.#attemptsBySubject = createLimiter(options.attemptsPerSubjectMax);
  }

  /**
   * Never rejects: a refusal is a value, because the client hears it as a close code. `address` is that of
   * `findClientAddress`.
   */
  async decide(request: Request, address: string): Promise<Admitted | AppError> {
    const { authenticator, isDraining, log } = this.#deps;
    if (isDraining()) return new AppError("draining", DRAINING);
    if (!this.#isAllowedOrigin(request.headers.get("origin"))) {
      return new AppError("origin-refused", "expected a page of an allowed origin");
    }
    const addressWaitMs = this.#attemptsByAddress.take(networkOf(address), monotonicMs());
    if (addressWaitMs !== undefined) return attemptsExceeded("address", addressWaitMs);
    let identification: Identification;
    try {
      identification = await authenticator.identify(request);
    } catch (error) {
      return toClientFailure(error, log);
    }
    // R30: the drain may have begun while the keys were being fetched.
    if (isDraining()) return new AppError("draining", DRAINING);
    const { subject } = identification.speaker;
    const subjectWaitMs = this.#attemptsBySubject.take(subject, monotonicMs());
    if (subjectWaitMs !== undefined) return attemptsExceeded("subject", subjectWaitMs);
    return admit(identification, readQuery(request));
  }

  /** Scheme and host know no case (RFC 6454, 4); a sandboxed page's origin "null" is in no list. */
  #isAllowedOrigin(origin: string | null): boolean {
    if (origin === null || this.#allowedOrigins.size === 0) return true;
    return this.#allowedOrigins.has(origin.toLowerCase());
  }
}

function createLimiter(perMinute: number): AttemptLimiter {
  return new AttemptLimiter({ perMinute, keysMax: KEYS_MAX });
}

function attemptsExceeded(whose: "address" | "subject", retryAfterMs: number): AppError {
  const problem = `expected fewer connections of this ${whose} in a minute`;
  return new AppError("attempts-exceeded", problem, { retryable: true, retryAfterMs });
}

function admit(identification: Identification, query: URLSearchParams): Admitted | AppError {
  const recognition = parseStreamRequest(query, identification.recognitionChoices);
  if (!recognition.ok) return new AppError("request-invalid", recognition.problem);
  const resume = parseResumeRequest(query);
  if (!resume.ok) return new AppError("request-invalid", resume.problem);
  return { ...identification, recognition: recognition.value, resume: resume.value };
}
