import { useEffect, useState } from "preact/hooks";
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
  readonly standing: KeyStanding | undefined;
  readonly disabled: boolean;
  readonly onStanding: (standing: KeyStanding | undefined) => void;
  readonly model: string | undefined;
  readonly onModel: (id: string) => void;
}) {
  const { engine, standing, onStanding, model, onModel } = props;
  const { words } = useSpoken();
  const task = useTask();
  const busy = task.busy || props.disabled;
  const [plans, setPlans] = useState<readonly ServedPlan[]>();
  const [keys, setKeys] = useState<readonly StoredKey[]>([]);
  const reload = async () => setKeys(await engine.call("storedKeys", []));
  useEffect(() => void reload(), []);
  const connect = (token: string) =>
    task.run(async () => {
      if (!/^bs_[0-9a-f]{16}_[\w-]{43}$/.test(token)) throw new PageError("badToken", "the token is not whole");
      setPlans(await engine.call("connect", [token]));
    });
  const withKeys = (work: () => Promise<unknown>) => task.run(() => work().then(reload));
  const forget = async (fingerprint: string) => {
    if (!confirm(words.key.forgetSure)) return;
    if (standing?.fingerprint === fingerprint) await engine.call("lock", []).then(() => onStanding(undefined));
    await withKeys(() => engine.call("forgetKey", [fingerprint]));
  };
  return (
    <section aria-labelledby="key-heading">
      <h2 id="key-heading">{words.key.heading}</h2>
      {plans === undefined ? (
        <TokenForm onToken={connect} busy={busy} />
      ) : (
        <>
          <p role="status">{words.key.connected}</p>
          <KeyOpen
            {...{ keys, standing, model, onModel }}
            busy={busy}
            onUnlock={(fingerprint, passphrase) =>
              task.run(async () => onStanding(await engine.call("unlock", [fingerprint, passphrase])))
            }
            onLock={() => task.run(() => engine.call("lock", []).then(() => onStanding(undefined)))}
            onRefresh={() => task.run(async () => onStanding(await engine.call("standing", [])))}
            onRegister={() => task.run(async (onward) => onStanding(await engine.call("register", [], onward)))}
            onExport={(key) => task.run(async () => save(await engine.call("exportKey", [key.fingerprint]), key))}
            onForget={forget}
          />
          <KeyMaking
            plans={plans}
            busy={busy}
            onMake={(plan, name, passphrase) => withKeys(() => engine.call("makeKey", [plan, name, passphrase]))}
          />
          <KeyImport
            busy={busy}
            onImport={(bytes, name, passphrase) => withKeys(() => engine.call("importKey", [bytes, name, passphrase]))}
          />
        </>
      )}
      <Running progress={task.progress} />
      <Failure fault={task.fault} />
    </section>
  );
}

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
          autocomplete="off"
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
