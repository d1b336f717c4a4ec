import { useRef, useState } from "preact/hooks";
import type { ServedPlan } from "../engine/messages.js";
import { useSpoken } from "../words/spoken.js";

/** Characters of a passphrase. A file of a key can be tried by whoever has it, as often as he likes. */
const LEAST_CHARACTERS = 12;

/** A new key: a plan, a name, and a passphrase twice. */
export function KeyMaking(props: {
  readonly plans: readonly ServedPlan[];
  readonly busy: boolean;
  readonly onMake: (plan: string, name: string, passphrase: string) => void;
}) {
  const { plans, busy, onMake } = props;
  const { words } = useSpoken();
  const [plan, setPlan] = useState(plans[0]?.id ?? "");
  const [name, setName] = useState("");
  const [first, setFirst] = useState("");
  const [second, setSecond] = useState("");
  const [wrong, setWrong] = useState<string>();
  const details = useRef<HTMLDetailsElement>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    const short = [...first].length < LEAST_CHARACTERS;
    const problem = short ? words.key.short(LEAST_CHARACTERS) : first !== second ? words.key.differ : undefined;
    setWrong(problem);
    if (problem !== undefined) return;
    onMake(plan, name, first);
    setName("");
    setFirst("");
    setSecond("");
    if (details.current) details.current.open = false;
  };
  return (
    <details class="making" ref={details}>
      <summary>{words.key.make}</summary>
      <form onSubmit={submit}>
        <p class="hint">{words.key.makeHint}</p>
        <label>
          {words.key.plan}
          <select value={plan} required onChange={(event) => setPlan(event.currentTarget.value)}>
            {plans.map(({ id, name: network }) => (
              <option key={id} value={id}>
                {network} ({id.slice(0, 8)})
              </option>
            ))}
          </select>
        </label>
        <Named name={name} onName={setName} />
        <Secret label={words.key.passphrase} value={first} onValue={setFirst} />
        <Secret label={words.key.again} value={second} onValue={setSecond} />
        <p class="warning">{words.key.lost}</p>
        <p role="alert">{wrong}</p>
        <button type="submit" disabled={busy}>
          {words.key.make}
        </button>
      </form>
    </details>
  );
}

/** A key that was made elsewhere: its file and passphrase. */
export function KeyImport(props: {
  readonly busy: boolean;
  readonly onImport: (file: File, name: string, passphrase: string) => void;
}) {
  const { words } = useSpoken();
  const [file, setFile] = useState<File>();
  const [name, setName] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    if (!file) return;
    props.onImport(file, name, passphrase);
    setPassphrase("");
  };
  return (
    <details class="making">
      <summary>{words.key.import}</summary>
      <form onSubmit={submit}>
        <label>
          {words.key.file}
          <input type="file" required onChange={(event) => setFile(event.currentTarget.files?.[0])} />
        </label>
        <Named name={name} onName={setName} />
        <Secret label={words.key.passphrase} value={passphrase} onValue={setPassphrase} />
        <button type="submit" disabled={props.busy}>
          {words.key.import}
        </button>
      </form>
    </details>
  );
}

function Named({ name, onName }: { readonly name: string; readonly onName: (name: string) => void }) {
  const { words } = useSpoken();
  return (
    <label>
      {words.key.name}
      <input
        type="text"
        required
        maxLength={80}
        placeholder={words.key.nameHint}
        value={name}
        onInput={(event) => onName(event.currentTarget.value)}
      />
    </label>
  );
}

function Secret(props: { readonly label: string; readonly value: string; readonly onValue: (value: string) => void }) {
  return (
    <label>
      {props.label}
      <input
        type="password"
        autocomplete="one-time-code"
        required
        value={props.value}
        onInput={(event) => props.onValue(event.currentTarget.value)}
      />
    </label>
  );
}
