import { describe, expect, test } from "bun:test";
import {
  describeConnectionFailure,
  FileProblem,
} from "../../../src/database/server/connection-failure.ts";
import { parseServerAddress } from "../../../src/database/server/server-address.ts";

const SECRET = "s3cret";
const parsed = parseServerAddress(`postgresql://${SECRET}:${SECRET}@db.example/d`);
const address = parsed.ok ? parsed.value : undefined;

const withCode = (code: string) => Object.assign(new Error(SECRET), { code });

/** The kinds of failure, in what the driver and the runtime call them. */
const SENTENCES: Readonly<Record<string, readonly Error[]>> = {
  "has no address: check its name": ["ENOTFOUND", "EAI_AGAIN", "DNS_ENOTFOUND"].map(withCode),
  "nothing listens at db.example:5432": [
    withCode("ECONNREFUSED"),
    new AggregateError([withCode("ENETUNREACH"), withCode("ECONNREFUSED")]),
  ],
  "no route leads to": ["EHOSTUNREACH", "ENETUNREACH"].map(withCode),
  "did not answer within 3000 ms": [withCode("ETIMEDOUT"), new Error("timeout expired")],
  "closed the connection before it was open": [
    withCode("ECONNRESET"),
    new Error("Connection terminated unexpectedly"),
    new Error("There was an error establishing an SSL connection"),
  ],
  "this user may not open": ["EACCES", "EPERM"].map(withCode),
  "no file descriptor left": ["EMFILE", "ENFILE"].map(withCode),
  "comes from no authority known here": [
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "SELF_SIGNED_CERT_IN_CHAIN",
    "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  ].map(withCode),
  "is for another name": [withCode("ERR_TLS_CERT_ALTNAME_INVALID")],
  "has expired: renew it": [withCode("CERT_HAS_EXPIRED")],
  "is not valid yet": [withCode("CERT_NOT_YET_VALID")],
  "offers no TLS": [new Error("The server does not support SSL connections")],
  "check the password": [
    new Error("SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string"),
  ],
  "the TLS handshake with db.example:5432 failed (ERR_SSL_NO_PROTOCOLS)": [
    withCode("ERR_SSL_NO_PROTOCOLS"),
  ],
  "sslkey names /k, which cannot be read (EACCES)": [
    new FileProblem("sslkey", "/k", withCode("EACCES")),
  ],
  "the connection to db.example:5432 failed (EOTHER)": [withCode("EOTHER")],
  "the connection to db.example:5432 failed (no reason given)": [new Error(SECRET)],
};

describe("[R33] each way in which a connection fails has a sentence, and none quotes a secret", () => {
  test.each(Object.keys(SENTENCES))("%s", (words) => {
    for (const error of SENTENCES[words]!) {
      const sentence = describeConnectionFailure(error, address!, 3000);
      expect(sentence).toContain(words);
      expect(sentence).not.toContain(SECRET);
    }
  });
});

test("what the server itself refuses keeps its SQLSTATE", () => {
  const refusal = Object.assign(withCode("28P01"), { severity: "FATAL" });
  expect(describeConnectionFailure(refusal, address!, 3000)).toBeUndefined();
});
