import { useEffect, useRef, useState } from "preact/hooks";
import type { KeyStanding, ServedPlan, StoredKey } from "../engine/messages.js";
import { PageError } from "../engine/page-error.js";
import type { RemoteEngine } from "../engine/remote.js";
import { useSpoken } from "../words/spoken.js";
import { Failure } from "./failure.js";
import { KeyImport, KeyMaking } from "./key-making.js";
import { KeyOpen } from "./key-open.js";
import { Running } from "./running.js";
import { useTask } from "./task.js";

/** From a token to an open key with a model under it. */
export function KeyPanel(props: {
  readonly engine: RemoteEngine;
  /** What the service runs: known where there is a connection. */
  readonly plans: readonly ServedPlan[] | undefined;
  readonly onPlans: (plans: readonly ServedPlan[] | undefined) => void;
  readonly standing: KeyStanding | undefined;
  readonly disabled: boolean;
  readonly onStanding: (standing: KeyStanding | undefined) => void;
  readonly model: string | undefined;
  readonly onModel: (id: string | undefined) => void;
}) {
  const { engine, plans, onPlans, standing, onStanding, model, onModel } = props;
  const { words } = useSpoken();
  const task = useTask();
  const busy = task.busy || props.disabled;
  const [keys, setKeys] = useState<readonly StoredKey[]>([]);
  const heading = useRef<HTMLHeadingElement>(null);
  const reload = async () => setKeys(await engine.call("storedKeys", []));
  // Alone a browser that stores nothing is no trouble; here it is, and is said.
  useEffect(() => void task.run(reload), []);
  // What was pressed may be gone, and the focus with it.
  useEffect(() => {
    if (!task.busy && document.activeElement === document.body) heading.current?.focus();
  }, [task.busy]);
  const connect = (token: string) =>
    task.run(async () => {
      if (!/^bs_[0-9a-f]{16}_[\w-]{43}$/.test(token)) throw new PageError("badToken", "the token is not whole");
      onPlans(await engine.call("connect", [token]));
    });
  /** At once, whatever is under way. */
  const lock = () => {
    engine.interrupt(true);
    onStanding(undefined);
  };
  const disconnect = () => {
    lock();
    onPlans(undefined);
    void task.run(() => engine.call("disconnect", []));
  };
  const withKeys = (work: () => Promise<unknown>) => task.run(() => work().then(reload));
  const store = (work: () => Promise<unknown>) =>
    withKeys(async () => {
      await work();
      // A browser may throw away what a page stored when its disk is full: it is asked not to, and may ask its user.
      void navigator.storage?.persist?.().catch(() => false);
    });
  const forget = (fingerprint: string) => {
    if (!confirm(words.key.forgetSure)) return;
    if (standing?.fingerprint === fingerprint) lock();
    void withKeys(() => engine.call("forgetKey", [fingerprint]));
  };
  const exportKey = (key: StoredKey) =>
    withKeys(async () => {
      save(await engine.call("exportKey", [key.fingerprint]), key);
      if (!key.saved && confirm(words.key.savedSure)) await engine.call("markSaved", [key.fingerprint]);
    });
  const unlock = (fingerprint: string, passphrase: string) => {
    if (standing) lock();
    void task.run(async () => onStanding(await engine.call("unlock", [fingerprint, passphrase])));
  };
  return (
    <section aria-labelledby="key-heading">
      <h2 id="key-heading" tabIndex={-1} ref={heading}>
        {words.key.heading}
      </h2>
      <p role="status">{plans && words.key.connected}</p>
      {plans === undefined ? (
        <TokenForm onToken={connect} busy={busy} />
      ) : (
        <>
          <KeyOpen
            {...{ keys, standing, model, onModel, busy }}
            onUnlock={unlock}
            onLock={lock}
            onRefresh={() => task.run(async () => onStanding(await engine.call("standing", [])))}
            onRegister={() => task.run(async (onward) => onStanding(await engine.call("register", [], onward)))}
            onExport={exportKey}
            onForget={forget}
          />
          {plans.length === 0 && <p>{words.key.noPlans}</p>}
          <KeyMaking
            {...{ plans, busy }}
            onMake={(plan, name, passphrase) => store(() => engine.call("makeKey", [plan, name, passphrase]))}
          />
          <KeyImport
            busy={busy}
            onImport={(file, name, passphrase) =>
              store(async () => {
                const bytes = new Uint8Array(await file.slice(0, MOST_KEY_FILE_BYTES).arrayBuffer());
                await engine.call("importKey", [bytes, name, passphrase]);
              })
            }
          />
          <p>
            <button type="button" onClick={disconnect}>
              {words.key.disconnect}
            </button>
          </p>
        </>
      )}
      <Running progress={task.progress} />
      <Failure fault={task.fault} />
    </section>
  );
}

/** A wrapped key has some kilobytes. */
const MOST_KEY_FILE_BYTES = 2 ** 20;

function TokenForm({ onToken, busy }: { readonly onToken: (token: string) => void; readonly busy: boolean }) {
  const { words } = useSpoken();
  const [token, setToken] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onToken(token.trim());
      }}
    >
      <label>
        {words.key.token}
        <input
          type="password"
          autocomplete="one-time-code"
          required
          value={token}
          aria-describedby="token-hint"
          onInput={(event) => setToken(event.currentTarget.value)}
        />
      </label>
      <p class="hint" id="token-hint">
        {words.key.tokenHint}
      </p>
      <button type="submit" disabled={busy}>
        {words.key.connect}
      </button>
    </form>
  );
}

/** Hands a wrapped key's file to the user. */
function save(bytes: Uint8Array<ArrayBuffer>, { fingerprint }: StoredKey): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `blindsight-key-${fingerprint.slice(0, 8)}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
