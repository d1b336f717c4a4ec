import config from "virtual:page-config";
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { RemoteEngine } from "./engine/remote.js";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/media.css";
import { Page } from "./views/page.js";
import {
  firstLanguage,
  LANGUAGES,
  type Language,
  rememberLanguage,
  Spoken,
  SpokenProvider,
  useSpoken,
} from "./words/spoken.js";

function App() {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  const [engine] = useState(() => (isSecureContext && isCurrent() ? new RemoteEngine() : undefined));
  const spoken = new Spoken(language);
  const choose = (chosen: Language) => {
    rememberLanguage(chosen); // at once: an effect comes too late for who reloads
    setLanguage(chosen);
  };
  useEffect(() => {
    // A page that comes back from the browser's cache would come back with its key open.
    const leave = () => engine?.close();
    const back = (event: PageTransitionEvent) => event.persisted && location.reload();
    addEventListener("pagehide", leave);
    addEventListener("pageshow", back);
    return () => {
      removeEventListener("pagehide", leave);
      removeEventListener("pageshow", back);
    };
  }, [engine]);
  useEffect(() => {
    document.documentElement.lang = spoken.locale;
    document.title = spoken.words.title;
  }, [language]);
  return (
    <SpokenProvider value={spoken}>
      <Header language={language} onLanguage={choose} />
      <main id="content">{engine ? <Page engine={engine} config={config} /> : <Impossible />}</main>
      <Footer />
    </SpokenProvider>
  );
}

function Header({ language, onLanguage }: { language: Language; onLanguage: (language: Language) => void }) {
  const { words } = useSpoken();
  return (
    <header>
      <a class="skip" href="#content">
        {words.skip}
      </a>
      <div class="bar">
        <h1>blindsight</h1>
        <label class="language">
          <span class="visually-hidden">{words.languageLabel}</span>
          <select value={language} onChange={(event) => onLanguage(event.currentTarget.value as Language)}>
            {Object.entries(LANGUAGES).map(([key, { language: name }]) => (
              <option key={key} value={key} lang={key}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p>{words.tagline}</p>
      <p class="no-device">{words.noDevice}</p>
    </header>
  );
}

/** Why nothing can be computed here, and the way out. */
function Impossible() {
  const { words } = useSpoken();
  const { title, text } = isSecureContext ? words.old : words.insecure;
  return (
    <section class="failure" role="alert">
      <h2>{title}</h2>
      <p>{text}</p>
    </section>
  );
}

function Footer() {
  const { words } = useSpoken();
  return (
    <footer>
      <p>
        {words.footer.source} · {words.footer.version(config.version)}
        {config.docs !== null && (
          <>
            {" · "}
            <a href={config.docs}>{words.footer.docs}</a>
          </>
        )}
      </p>
    </footer>
  );
}

function isCurrent(): boolean {
  return typeof WebAssembly === "object" && typeof Worker === "function" && typeof BigInt === "function";
}

const root = document.getElementById("root");
if (root) render(<App />, root);
