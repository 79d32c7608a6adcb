/** Stands where a request names no host: HTTP/1.0 knows none, and health checks speak it. Nobody looks at it: path and query are all that is read. */
const NO_HOST = "http://host.invalid";

/** Where a request goes. Nothing when its `Host` can be no part of a URL. */
export function parseRequestUrl(request: Request): URL | undefined {
  return URL.parse(request.url, NO_HOST) ?? undefined;
}

/** What a request asks for behind the question mark; empty where its URL cannot be read. */
export function readQuery(request: Request): URLSearchParams {
  return parseRequestUrl(request)?.searchParams ?? new URLSearchParams();
}
