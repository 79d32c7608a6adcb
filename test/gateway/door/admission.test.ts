import { describe, expect, test } from "bun:test";
import {
  Admission,
  type AdmissionDeps,
  type AdmissionOptions,
  type Identification,
} from "../../../src/gateway/door/admission.ts";
import { AppError } from "../../../src/kernel/errors.ts";
import { recordedLog } from "../../support/probes/recorded-log.ts";
import { speaker } from "../../support/stages/relay-stage.ts";

const identification: Identification = {
  speaker,
  recognitionChoices: {},
  expiresAt: new Date(2_000_000_000_000),
};

interface Changes extends Partial<AdmissionDeps>, Partial<AdmissionOptions> {
  readonly identify?: () => Promise<Identification>;
}

function admission({
  identify = () => Promise.resolve(identification),
  allowedOrigins = [],
  attemptsPerAddressMax = 1000,
  attemptsPerSubjectMax = 1000,
  ...changes
}: Changes = {}) {
  const authenticator = { identify, identifyToken: identify, selectProtocol: () => undefined };
  const deps = { authenticator, isDraining: () => false, log: recordedLog(), ...changes };
  const options = { allowedOrigins, attemptsPerAddressMax, attemptsPerSubjectMax };
  const decider = new Admission(deps, options);
  return {
    decide: (asked: Request, address = "203.0.113.7") => decider.decide(asked, address),
    /** The code of the refusal, or "admitted". */
    judge: async (asked: Request, address = "203.0.113.7") => {
      const decision = await decider.decide(asked, address);
      return decision instanceof AppError ? decision.code : "admitted";
    },
  };
}

const URL_OF_SOCKET = "http://localhost/api/realtime/transcribe";
const request = (query = "") => new Request(`${URL_OF_SOCKET}${query}`);
const requestFrom = (origin: string) => new Request(URL_OF_SOCKET, { headers: { origin } });

const identifyAs = (subject: string) =>
  Promise.resolve({ ...identification, speaker: { ...speaker, subject } });

test("admits with who speaks, until when, and what was asked for", async () => {
  const decision = await admission().decide(request("?language=fr"));
  expect(decision).toMatchObject({
    ...identification,
    recognition: { languages: ["fr"] },
    resume: undefined,
  });
});

test("admits with what the token decides, whatever the client asks for", async () => {
  const decided = { ...identification, recognitionChoices: { languages: ["de"] } as const };
  const decision = await admission({ identify: () => Promise.resolve(decided) }).decide(
    request("?language=fr&endpointing=1"),
  );
  expect(decision).toMatchObject({ recognition: { languages: ["de"], endpointingSeconds: 1 } });
});

test("[R21] admits with the session that is to be taken up, and refuses one that cannot be", async () => {
  const id = "abcdefghijklmnopqrstuvwxyz-_ABCD";
  expect(await admission().decide(request(`?resume=${id}&after=7`))).toMatchObject({
    resume: { id, after: 7 },
  });
  expect(await admission().judge(request(`?resume=${id}&after=x`))).toBe("request-invalid");
  expect(await admission().judge(request("?resume=x"))).toBe("request-invalid");
});

test("gives a failure of the authenticator back as it is", async () => {
  const failure = new AppError("keys-unreachable", "no keys", { retryable: true });
  const decision = admission({ identify: () => Promise.reject(failure) }).decide(request());
  expect(await decision).toBe(failure);
});

test("[R24] makes a value of a bug too: it never rejects", async () => {
  const log = recordedLog();
  const bug = new TypeError("words for the log alone");
  const decision = await admission({ identify: () => Promise.reject(bug), log }).decide(request());
  expect(decision).toMatchObject({ code: "internal", message: "the gateway failed on its side" });
  expect(log.linesOf("A request failed on our side")).toMatchObject([
    { fields: { problem: `TypeError: ${bug.message}`, stack: expect.stringContaining("at ") } },
  ]);
});

test("[R30] refuses whoever was being identified when the drain began", async () => {
  let isDraining = false;
  const { promise, resolve } = Promise.withResolvers<Identification>();
  const decision = admission({ identify: () => promise, isDraining: () => isDraining }).judge(
    request(),
  );
  isDraining = true;
  resolve(identification);
  expect(await decision).toBe("draining");
});

describe("[R23] with allowed origins", () => {
  const { judge } = admission({
    allowedOrigins: ["https://app.example", "http://localhost:3000", "capacitor://localhost"],
  });

  test.each([
    "https://app.example",
    "HTTPS://App.Example",
    "http://localhost:3000",
    "capacitor://localhost",
  ])("takes a page of %p", async (origin) => {
    expect(await judge(requestFrom(origin))).toBe("admitted");
  });

  test.each([
    "null",
    "https://app.example:443",
    "https://app.example:8443",
    "https://app.example/",
    "https://app.example.evil.example",
    "https://evil.example/https://app.example",
    "https://evilapp.example",
    "https://sub.app.example",
    "http://app.example",
    "http://localhost",
    "https://app.example, https://app.example",
    "*",
  ])("refuses a page of %p", async (origin) => {
    expect(await judge(requestFrom(origin))).toBe("origin-refused");
  });

  test("takes a program, which has none", async () => {
    expect(await judge(request())).toBe("admitted");
  });
});

test("[R23] takes a page of any origin, and one without, when none is named", async () => {
  const { judge } = admission();
  expect(await judge(requestFrom("https://anywhere.example"))).toBe("admitted");
  expect(await judge(requestFrom("null"))).toBe("admitted");
});

describe("[R23] the attempts of a minute", () => {
  test("are counted for each address", async () => {
    const { judge } = admission({ attemptsPerAddressMax: 2 });
    expect(await judge(request(), "203.0.113.7")).toBe("admitted");
    expect(await judge(request(), "203.0.113.7")).toBe("admitted");
    expect(await judge(request(), "203.0.113.7")).toBe("attempts-exceeded");
    expect(await judge(request(), "203.0.113.8")).toBe("admitted");
  });

  test("are counted together for the addresses of one IPv6 network", async () => {
    const { judge } = admission({ attemptsPerAddressMax: 1 });
    expect(await judge(request(), "2001:db8:0:1:0:0:0:1")).toBe("admitted");
    expect(await judge(request(), "2001:db8:0:1:ffff:0:0:2")).toBe("attempts-exceeded");
    expect(await judge(request(), "2001:db8:0:2:0:0:0:1")).toBe("admitted");
  });

  test("of an address count without a token too, and cost no signature check beyond the limit", async () => {
    let checks = 0;
    const identify = () => {
      checks += 1;
      return Promise.reject(new AppError("token-invalid", "expected a token"));
    };
    const { judge } = admission({ attemptsPerAddressMax: 2, identify });
    const codes = [await judge(request()), await judge(request()), await judge(request())];
    expect(codes).toEqual(["token-invalid", "token-invalid", "attempts-exceeded"]);
    expect(checks).toBe(2);
  });

  test("are counted for each subject, over all addresses", async () => {
    let subject = "a";
    const { judge } = admission({ attemptsPerSubjectMax: 1, identify: () => identifyAs(subject) });
    expect(await judge(request(), "203.0.113.1")).toBe("admitted");
    expect(await judge(request(), "203.0.113.2")).toBe("attempts-exceeded");
    subject = "b";
    expect(await judge(request(), "203.0.113.2")).toBe("admitted");
  });

  test("of a subject count also where the request is wrong", async () => {
    const { judge } = admission({ attemptsPerSubjectMax: 1 });
    expect(await judge(request("?encoding=x"))).toBe("request-invalid");
    expect(await judge(request())).toBe("attempts-exceeded");
  });

  test("are not spent by a page of another origin, nor while draining", async () => {
    let isDraining = true;
    const { judge } = admission({
      attemptsPerAddressMax: 1,
      allowedOrigins: ["https://app.example"],
      isDraining: () => isDraining,
    });
    expect(await judge(requestFrom("https://app.example"))).toBe("draining");
    isDraining = false;
    expect(await judge(requestFrom("https://evil.example"))).toBe("origin-refused");
    expect(await judge(requestFrom("https://app.example"))).toBe("admitted");
  });

  test("are refused with the time until there is one again, and without the address", async () => {
    const { decide } = admission({ attemptsPerAddressMax: 1 });
    await decide(request(), "203.0.113.7");
    const decision = await decide(request(), "203.0.113.7");
    if (!(decision instanceof AppError)) throw new Error("expected a refusal");
    expect(decision.retryable).toBe(true);
    expect(decision.retryAfterMs).toBeGreaterThan(0);
    expect(decision.retryAfterMs).toBeLessThanOrEqual(60_000);
    expect(decision.message).not.toContain("203");
  });
});
