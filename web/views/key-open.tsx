import { useState } from "preact/hooks";
import type { KeyStanding, StoredKey } from "../engine/messages.js";
import { useSpoken } from "../words/spoken.js";
import { SentTable } from "./sending.js";

/** An id as people read it to each other. */
export function inGroups(id: string): string {
  return id.match(/.{1,4}/g)?.join(" ") ?? id;
}

/** The keys of this workstation; the one that is open, and what is still missing for a diagnosis. */
export function KeyOpen(props: {
  readonly keys: readonly StoredKey[];
  readonly standing: KeyStanding | undefined;
  readonly model: string | undefined;
  readonly busy: boolean;
  readonly onModel: (id: string | undefined) => void;
  readonly onUnlock: (fingerprint: string, passphrase: string) => void;
  readonly onLock: () => void;
  readonly onRefresh: () => void;
  readonly onRegister: () => void;
  readonly onExport: (key: StoredKey) => void;
  readonly onForget: (fingerprint: string) => void;
}) {
  const { keys, standing, busy } = props;
  const spoken = useSpoken();
  const { key: words } = spoken.words;
  return (
    <>
      <h3>{words.stored}</h3>
      <p role="status">{standing && words.opened}</p>
      {keys.length === 0 && <p>{words.none}</p>}
      <ul class="keys">
        {keys.map((key) => (
          <li key={key.fingerprint}>
            <p>
              <strong>{key.name}</strong> · {spoken.moment(key.created)}
            </p>
            <p class="hint">{words.id}</p>
            <p class="hash">{inGroups(key.fingerprint)}</p>
            {!key.saved && <p class="warning">{words.unsaved}</p>}
            {standing?.fingerprint === key.fingerprint ? (
              <Open {...props} standing={standing} />
            ) : (
              <Unlock busy={busy} stored={key} onUnlock={(passphrase) => props.onUnlock(key.fingerprint, passphrase)} />
            )}
            <p class="buttons">
              <button type="button" disabled={busy} onClick={() => props.onExport(key)}>
                {words.export}
              </button>
              <button type="button" disabled={busy} onClick={() => props.onForget(key.fingerprint)}>
                {words.forget}
              </button>
            </p>
          </li>
        ))}
      </ul>
    </>
  );
}

function Unlock(props: {
  readonly stored: StoredKey;
  readonly busy: boolean;
  readonly onUnlock: (passphrase: string) => void;
}) {
  const { words } = useSpoken();
  const [passphrase, setPassphrase] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    props.onUnlock(passphrase);
    setPassphrase("");
  };
  return (
    <form onSubmit={submit} class="inline">
      <label>
        {words.key.passphrase}
        <input
          type="password"
          autocomplete="one-time-code"
          required
          value={passphrase}
          onInput={(event) => setPassphrase(event.currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={props.busy}>
        {words.key.open}
      </button>
    </form>
  );
}

function Open(props: {
  readonly standing: KeyStanding;
  readonly model: string | undefined;
  readonly busy: boolean;
  readonly onModel: (id: string | undefined) => void;
  readonly onLock: () => void;
  readonly onRefresh: () => void;
  readonly onRegister: () => void;
}) {
  const { standing, model, busy } = props;
  const spoken = useSpoken();
  const { key: words } = spoken.words;
  return (
    <div class="open">
      <p class="hint">{words.idHint}</p>
      {!standing.known && (
        <>
          <p>{words.unknown}</p>
          <button type="button" disabled={busy} onClick={props.onRegister}>
            {words.register}
          </button>
          <p class="hint">{words.registerHint(spoken.bytes(standing.keyBytes))}</p>
        </>
      )}
      {standing.sent.length > 0 && (
        <>
          <p>{words.sentFor}</p>
          <SentTable sent={standing.sent} />
        </>
      )}
      {standing.known && standing.models.length === 0 && <p>{words.waiting}</p>}
      {standing.models.length > 0 && (
        <label>
          {words.models}
          <select
            value={model ?? ""}
            disabled={busy}
            onChange={(event) => props.onModel(event.currentTarget.value || undefined)}
          >
            <option value="">{words.choose}</option>
            {standing.models.map(({ id, name, version, owner, left }) => (
              <option key={id} value={id} disabled={left === 0}>
                {words.modelOption(name, version, owner, spoken.count(left))}
              </option>
            ))}
          </select>
        </label>
      )}
      <p class="buttons">
        {standing.known && (
          <button type="button" disabled={busy} onClick={props.onRefresh}>
            {words.refresh}
          </button>
        )}
        <button type="button" onClick={props.onLock}>
          {words.lock}
        </button>
      </p>
    </div>
  );
}
