import { traceError } from "../kernel/error-trace.ts";
import { AppError, createInternalFailure, type FailureCode } from "../kernel/errors.ts";
import { monotonicMs } from "../kernel/timers.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Admitted, Authenticator } from "./door/admission.ts";
import { TokenTerm } from "./door/token-term.ts";
import { closeFrame, errorMessage, toClientFailure } from "./protocol/client-failure.ts";
import { parseClientMessage } from "./protocol/client-messages.ts";
import { serialise, type ServerMessage, type Unnumbered } from "./protocol/server-messages.ts";
import type { AttachedClient } from "./seat/message-feed.ts";
import { isSameSpeaker, type SeatDesk } from "./seat/seat-desk.ts";
import type { Parting, Seat } from "./seat/seat.ts";

/** The one socket this connection owns, as narrow as the use. */
export interface ClientSocket {
  send(text: string): number;
  close(code: number, reason: string): void;
  getBufferedAmount(): number;
}

export interface ClientConnectionDeps {
  readonly desk: SeatDesk;
  readonly authenticator: Authenticator;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface ClientConnectionOptions {
  /** A client that sends no audio for so long is closed (R23). */
  readonly clientIdleMs: number;
}

/** Unsent bytes beyond which partials wait: about 200 of them, seconds of captions (R22). */
const PARTIALS_BUFFER_MAX = 65_536;

/** Unsent bytes beyond which the reader counts as gone: hours of finals (R22). */
const READER_BUFFER_MAX = 1_048_576;

/** RFC 6455: the client closed because it was done. */
const NORMAL_CLOSURE = 1000;

/** How Bun begins the reason of a close for frames that are none (measured with 1.4.5, 2026-11-23). */
const BROKEN_FRAMES = "Received ";

/** After these the session goes on, and its client may come back to it (R21). */
const RESUMABLE: ReadonlySet<FailureCode> = new Set([
  "reader-too-slow",
  "token-expired",
  "draining",
]);

/**
 * One client socket. What its session tells goes to this socket and to no other (R20).
 *
 * Modes: created → open → closed. A connection that is closed by the gateway has been told why, unless the end was
 * regular. Its session may outlive it: that is for the seat to decide.
 */
export class ClientConnection implements AttachedClient {
  readonly id: string;
  readonly #deps: ClientConnectionDeps;
  readonly #options: ClientConnectionOptions;
  readonly #admitted: Admitted;
  readonly #term: TokenTerm;
  /** What a close by the gateway means to the seat. After a regular end the client may still come back for what it has not read. */
  #parting: Parting = "cut-off";
  /** Gone once either side has closed it. */
  #socket: ClientSocket | undefined;
  #seat: Seat | undefined;
  #whenRead: PromiseWithResolvers<void> | undefined;

  constructor(
    id: string,
    admitted: Admitted,
    deps: ClientConnectionDeps,
    options: ClientConnectionOptions,
  ) {
    this.id = id;
    this.#deps = { ...deps, log: deps.log.child({ connection: id }) };
    this.#options = options;
    this.#admitted = admitted;
    this.#term = new TokenTerm(admitted.expiresAt);
  }

  get isOpen(): boolean {
    return this.#socket !== undefined;
  }

  get isBehind(): boolean {
    return this.bufferedBytes > PARTIALS_BUFFER_MAX;
  }

  /** Bytes that its reader has not taken yet. */
  get bufferedBytes(): number {
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  /** The socket is open: takes a seat, or is refused when there is none. */
  open(socket: ClientSocket): void {
    this.#socket = socket;
    const entered = this.#deps.desk.enter(this.#admitted, this.#deps.log);
    if (entered instanceof AppError) {
      this.#deps.metrics.count("refusals", entered.code);
      this.close(entered);
      return;
    }
    this.#seat = entered;
    entered.attach(this, this.#admitted.resume?.after ?? 0, monotonicMs());
  }

  /** A frame came. Audio goes up as it is; the session keeps the frame, so nobody may change it. */
  receive(message: string | Uint8Array): void {
    const seat = this.#seat;
    if (this.#socket === undefined || seat === undefined) return;
    if (typeof message === "string") {
      this.#receiveControl(message, seat);
      return;
    }
    const verdict = seat.acceptAudio(message, monotonicMs());
    switch (verdict.kind) {
      case "ok":
        return;
      case "warn":
        return this.#tell({
          type: "status",
          state: "too-fast",
          allowance_ms: verdict.allowanceMs,
        });
      case "refused":
        return this.#sendAway(verdict.failure);
    }
  }

  /** The reader has taken everything that was sent. */
  drained(): void {
    this.#settleRead();
    this.#seat?.feed.readerCaughtUp();
  }

  /** A ping came. Bun has answered it. */
  pinged(): void {
    const failure = this.#seat?.judgePing(monotonicMs());
    if (failure !== undefined) this.#sendAway(failure);
  }

  /** The socket has closed, by whichever side. Of a close of its own the gateway never learns whether it was read. */
  closed(code: number, reason: string): void {
    const isOurs = this.#socket === undefined;
    const parting = isOurs ? this.#parting : partingOf(code, reason);
    this.#socket = undefined;
    this.#settleRead();
    this.#seat?.detach(this, parting, monotonicMs());
  }

  /** What depends on time. Called about once a second. */
  sweep(nowMs: number): void {
    // Bun's own answers to pings wait for the reader as well: it may be too far behind without being sent anything by us.
    this.#checkReader();
    if (this.#socket === undefined || this.#seat === undefined) return;
    // A socket may not say that its reader has caught up: whoever waits for that waits for the next sweep at most.
    if (this.bufferedBytes === 0) this.drained();
    const { clientIdleMs } = this.#options;
    if (nowMs - this.#seat.lastAudioAtMs >= clientIdleMs) {
      return this.#sendAway(
        new AppError("client-idle", `expected audio within ${clientIdleMs} ms`),
      );
    }
    switch (this.#term.judge(Date.now())) {
      case "valid":
        return;
      case "expiring":
        return this.#tellTerm("token-expiring");
      case "expired":
        return this.#part(
          new AppError("token-expired", "the token has expired and was not refreshed"),
          "cut-off",
        );
    }
  }

  send(text: string): void {
    this.#socket?.send(text);
    this.#checkReader();
  }

  /** Resolves when everything that was sent has been taken, or the socket is gone. */
  whenRead(): Promise<void> {
    if (this.#socket === undefined || this.bufferedBytes === 0) return Promise.resolve();
    this.#whenRead ??= Promise.withResolvers<void>();
    return this.#whenRead.promise;
  }

  /** Closes after an error, if there is one. The seat is told by the socket's own end. */
  close(failure: AppError | undefined): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const { code, reason } = closeFrame(failure);
    if (failure !== undefined) this.#tell(this.#errorOf(failure));
    this.#deps.metrics.count("closes", String(code));
    this.#socket = undefined;
    socket.close(code, reason);
  }

  /** R24: a bug met on behalf of this connection ends this connection, and nothing else. */
  crash(error: unknown): void {
    this.#deps.log.error("A connection failed on our side", traceError(error));
    this.#sendAway(createInternalFailure(error));
  }

  /** The client broke a rule, or the failure is ours: nobody waits for it. */
  #sendAway(failure: AppError): void {
    this.#part(failure, "sent-away");
  }

  /** Closes for a failure of this connection. What the client said before is transcribed and stored all the same. */
  #part(failure: AppError, parting: Parting): void {
    this.#parting = parting;
    this.close(failure);
    this.#seat?.detach(this, parting, monotonicMs());
  }

  /** R22: whoever leaves too much unread is closed, and may come back for it. */
  #checkReader(): void {
    const { bufferedBytes } = this;
    if (bufferedBytes <= READER_BUFFER_MAX) return;
    const problem = `expected a reader, ${bufferedBytes} bytes wait`;
    this.#part(new AppError("reader-too-slow", problem), "cut-off");
  }

  #receiveControl(text: string, seat: Seat): void {
    const failure = seat.judgeControl(text, monotonicMs());
    if (failure !== undefined) {
      this.#sendAway(failure);
      return;
    }
    const parsed = parseClientMessage(text);
    if (!parsed.ok) {
      this.#sendAway(new AppError("frame-invalid", parsed.problem));
    } else if (parsed.value.type === "stop") {
      seat.stop();
    } else if (this.#term.mayRefresh(monotonicMs())) {
      void this.#refresh(parsed.value.token);
    } else {
      const problem = "expected at most one refresh a second";
      this.#sendAway(new AppError("rate-exceeded", problem));
    }
  }

  /** Never rejects. A token that does not fit leaves the old one in force: it may still have minutes to go. */
  async #refresh(token: string): Promise<void> {
    try {
      const renewed = await this.#deps.authenticator.identifyToken(token);
      if (isSameSpeaker(renewed.speaker, this.#admitted.speaker)) {
        this.#term.renew(renewed.expiresAt);
        this.#tellTerm("token-refreshed");
      } else {
        const problem = "expected the same subject, call and identity";
        this.#tell(this.#errorOf(new AppError("token-invalid", problem)));
      }
    } catch (error) {
      this.#tell(this.#errorOf(toClientFailure(error, this.#deps.log)));
    }
  }

  #tellTerm(state: "token-expiring" | "token-refreshed"): void {
    this.#tell({ type: "status", state, expires_at: this.#term.expiresAt.toISOString() });
  }

  #errorOf(failure: AppError): Unnumbered<ServerMessage> {
    const resume = RESUMABLE.has(failure.code) ? this.#seat?.resumeId : undefined;
    return { ...errorMessage(failure), ...(resume !== undefined && { resume }) };
  }

  /** For messages about this connection alone: the session's feed gives them no more than a number. */
  #tell(message: Unnumbered<ServerMessage>): void {
    this.#socket?.send(serialise(this.#seat?.feed.takeConnectionNumber() ?? 0, message));
  }

  #settleRead(): void {
    this.#whenRead?.resolve();
    this.#whenRead = undefined;
  }
}

/** What a close means that did not come from the gateway's own side. */
function partingOf(code: number, reason: string): Parting {
  if (code === NORMAL_CLOSURE) return "departed";
  return reason.startsWith(BROKEN_FRAMES) ? "sent-away" : "cut-off";
}
