import type { Outcome, Sent } from "../engine/messages.js";
import { useSpoken } from "../words/spoken.js";

const ORDER = ["image", "publicKey", "evaluationKeys", "question", "answer"] as const;

/** What left the tab: counted, or what a service would have been sent. */
export function Sending({ outcome }: { readonly outcome: Outcome }) {
  const { result } = useSpoken().words;
  const alone = outcome.sent.length === 0;
  return (
    <>
      <h3>{result.sawHeading}</h3>
      <p>{alone ? result.sawNothing : result.sawService}</p>
      <SentTable sent={alone ? wouldBe(outcome) : outcome.sent} />
      <p class="kept">{result.kept}</p>
      {!alone && <p class="hint">{result.learns}</p>}
    </>
  );
}

/** Requests, summed by what they are. */
export function SentTable({ sent }: { readonly sent: readonly Sent[] }) {
  const spoken = useSpoken();
  const { result } = spoken.words;
  const rows = ORDER.flatMap((what) => {
    const requests = sent.filter((each) => each.what === what);
    if (requests.length === 0) return [];
    const sum = (bytes: "sentBytes" | "receivedBytes") => requests.reduce((all, each) => all + each[bytes], 0);
    return [{ what, sentBytes: sum("sentBytes"), receivedBytes: sum("receivedBytes") }];
  });
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">{result.what}</th>
            <th scope="col">{result.sent}</th>
            <th scope="col">{result.received}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ what, sentBytes, receivedBytes }) => (
            <tr key={what}>
              <th scope="row">{result.rows[what]}</th>
              <td>{sentBytes > 0 ? spoken.bytes(sentBytes) : "–"}</td>
              <td>{receivedBytes > 0 ? spoken.bytes(receivedBytes) : "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** In the tab all parts have their sizes, too. */
function wouldBe({ bytes }: Outcome): readonly Sent[] {
  return [
    { what: "image", sentBytes: bytes.image, receivedBytes: 0 },
    { what: "evaluationKeys", sentBytes: bytes.keys, receivedBytes: 0 },
    { what: "answer", sentBytes: 0, receivedBytes: bytes.result },
  ];
}
