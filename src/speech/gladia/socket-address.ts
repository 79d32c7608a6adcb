/** Where the account's audio may go. */
export interface SocketHome {
  readonly apiUrl: string;
  /** Further ones, as "wss://live.example". */
  readonly socketOrigins?: readonly string[];
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/**
 * Whether an answer's URL is where speech may be sent: under the API's own domain, encrypted where the API is; at this machine, where
 * the API is; or at an origin that the operator has named. Whoever can change an answer could otherwise listen.
 *
 * The own domain of "api.gladia.io" is "gladia.io", and that of any other host the host itself: which part of a name belongs to
 * one owner, a name does not tell.
 */
export function isSocketAtHome(
  socketUrl: string,
  { apiUrl, socketOrigins = [] }: SocketHome,
): boolean {
  const api = new URL(apiUrl);
  const socket = new URL(socketUrl);
  if (socketOrigins.includes(`${socket.protocol}//${socket.host}`)) return true;
  if (LOOPBACK.test(api.hostname)) return LOOPBACK.test(socket.hostname);
  if (api.protocol === "https:" && socket.protocol !== "wss:") return false;
  const domain = api.hostname.replace(/^api\.(?=[^.]+\.)/, "");
  return socket.hostname === domain || socket.hostname.endsWith(`.${domain}`);
}
