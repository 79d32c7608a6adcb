import { expect, test } from "bun:test";
import { isIP } from "node:net";
import { networkOf, parseIpAddress } from "../../../src/gateway/door/ip-address.ts";
import { seededRandom } from "../../support/probes/seeded-random.ts";

test.each([
  ["203.0.113.7", "203.0.113.7"],
  [" 203.0.113.7\t", "203.0.113.7"],
  ["203.0.113.7:5061", "203.0.113.7"],
  ["::", "0:0:0:0:0:0:0:0"],
  ["::1", "0:0:0:0:0:0:0:1"],
  ["1::", "1:0:0:0:0:0:0:0"],
  ["[::1]", "0:0:0:0:0:0:0:1"],
  ["[2001:DB8::0001]:443", "2001:db8:0:0:0:0:0:1"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8:0:0:1:0:0:1"],
  ["fe80::1%eth0", "fe80:0:0:0:0:0:0:1"],
  ["[fe80::1%25en0]:80", "fe80:0:0:0:0:0:0:1"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["::FFFF:cb00:7107", "203.0.113.7"],
  ["[::ffff:203.0.113.7]:80", "203.0.113.7"],
  ["0:0:0:0:0:ffff:203.0.113.7", "203.0.113.7"],
  ["64:ff9b::192.0.2.33", "64:ff9b:0:0:0:0:c000:221"],
])("%p is %p", (text, address) => {
  expect(parseIpAddress(text)).toBe(address);
});

test.each([
  "",
  " ",
  "unknown",
  "_hidden",
  "localhost",
  "203.0.113",
  "203.0.113.256",
  "203.0.113.07",
  "0xcb.0.113.7",
  "203.0.113.7:",
  "203.0.113.7:x",
  "203.0.113.7:123456",
  "203.0.113.7%eth0",
  "203.0.113.7/24",
  "203.0.113.7 203.0.113.8",
  "[203.0.113.7",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "12345::",
  "g::",
  "[::1",
  "::1]",
  "[::1]:",
  "[::1]x",
  "::1%",
  "::1%\r\nx",
  "٢٠٣.0.113.7",
  `::1%${"x".repeat(100)}`,
  "1".repeat(100_000),
])("%p is none", (text) => {
  expect(parseIpAddress(text)).toBeUndefined();
});

test("an IPv4 address is a network of its own, an IPv6 address belongs to its /64", () => {
  const network = (text: string) => networkOf(parseIpAddress(text)!);
  expect(network("203.0.113.7")).toBe("203.0.113.7");
  expect(network("::ffff:203.0.113.7")).toBe("203.0.113.7");
  expect(network("2001:db8:1:2::1")).toBe("2001:db8:1:2::/64");
  expect(network("2001:db8:1:2:ffff:ffff:ffff:ffff")).toBe("2001:db8:1:2::/64");
  expect(network("2001:db8:1:3::1")).toBe("2001:db8:1:3::/64");
  expect(networkOf("unknown")).toBe("unknown");
});

test("every spelling of an address is the same one", () => {
  const random = seededRandom("ip-address");
  for (let run = 0; run < 1000; run += 1) {
    const groups = Array.from({ length: 8 }, () => random.pick([0, 0, 1, random.whole(2, 65_535)]));
    const plain = groups.map((group) => group.toString(16)).join(":");
    const padded = groups.map((group) => group.toString(16).padStart(4, "0").toUpperCase());
    // The compressed spelling is the URL standard's own.
    const compressed = new URL(`http://[${plain}]`).hostname;
    const others = [padded.join(":"), compressed, `${compressed}:8080`];
    const expected = parseIpAddress(plain);
    expect(isIP(expected!)).not.toBe(0);
    for (const spelling of others) expect(parseIpAddress(spelling)).toBe(expected);
  }
});
