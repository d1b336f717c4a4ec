import { UsageError } from "../failure.js";

const VARIABLE = "BLINDSIGHT_TOKEN";

/** Where a service is, with the token of the environment. @throws UsageError for no token, or what is no URL */
export function connectionTo(url: string): { readonly url: string; readonly token: string } {
  const token = process.env[VARIABLE]?.trim();
  if (!token) throw new UsageError("there is no token", `set ${VARIABLE} to the one that the service's operator gave`);
  if (!/^bs_[0-9a-f]{16}_[\w-]{43}$/.test(token))
    throw new UsageError(`${VARIABLE} holds no token`, "it begins with bs_");
  if (!URL.canParse(url)) throw new UsageError(`--service ${url} is no URL`, "take https://… as the operator gave it");
  return { url, token };
}
