/** English, and with it what every language has to say. */
export const en = {
  language: "English",
  title: "blindsight: a diagnosis of an image that stays yours",
  tagline: "Your image is encrypted in this tab. Who computes cannot see it.",
  noDevice: "Research software, no medical device. Do not base any decision about a patient on it.",
  skip: "Skip to the content",
  languageLabel: "Language",

  mode: {
    legend: "Where it is computed",
    alone: "Alone in this tab",
    aloneHint:
      "Key, network and computation are all here. The page's own server sees which network's file is loaded, and nothing else.",
    served: "By a service",
    servedHint: (origin: string) => `${origin} computes on what it cannot read. The key stays here.`,
  },
  engine: {
    opening: "Starting…",
    on: (device: string) => `Computes on ${device}.`,
    shared: "Several threads.",
    single: "One thread: the page's server does not send the two headers (COOP, COEP) that allow more.",
  },
  insecure: {
    title: "This page was not opened securely",
    text: "Browsers give no encryption to pages that come over http:// from another machine. Ask whoever runs this page to serve it over https://, or open it on the machine itself (http://localhost).",
  },
  old: {
    title: "This browser is too old",
    text: "The page needs WebAssembly, workers and BigInt. Use a current Chrome, Edge, Firefox or Safari.",
  },

  model: {
    heading: "Network",
    label: "What is to be looked at",
    names: {
      "rl3-phantom": "Phantom: a drawn picture, for trying it out",
      "rl3-pneumoniamnist": "Chest X-ray of a child: pneumonia (PneumoniaMNIST)",
      "rl3-breastmnist": "Ultrasound of a breast: malignant (BreastMNIST)",
    } as Readonly<Record<string, string>>,
    about: (name: string) =>
      `Network ${name}, trained on public research data. It answers for any picture, also for one that it is not for.`,
  },

  key: {
    heading: "Your hospital's key",
    token: "Access token",
    tokenHint:
      "Begins with bs_. The operator of the service gave it. The page does not store it; do not let the browser do so.",
    connect: "Connect",
    connected: "Connected.",
    stored: "Keys on this workstation",
    none: "There is no key on this workstation yet.",
    open: "Open",
    opened: "The key is open in this tab.",
    lock: "Lock",
    export: "Save to a file",
    forget: "Remove from this workstation",
    unsaved: "This key is not in a file yet: save it now, and keep the file. A browser may lose what a page stores.",
    disconnect: "Disconnect",
    noPlans: "The service runs no network yet. Ask its operator.",
    choose: "Choose a model",
    sentFor: "What was sent for this key:",
    savedSure: "Is the file where you keep it? Then this reminder goes.",
    forgetSure:
      "Remove this key from this workstation? Without a saved file and its passphrase nobody can read results under it again.",
    id: "Key id",
    idHint:
      "Read it to the model's owner by telephone, group by group. An id that came over the network proves nothing.",
    passphrase: "Passphrase",
    again: "The same passphrase again",
    name: "Name",
    nameHint: "For your list only, for example: radiology 2026.",
    make: "Make a new key",
    makeHint: "Once for the hospital, by its administrator. Other workstations take the saved file.",
    import: "Take a saved key",
    file: "Key file",
    plan: "For the network",
    lost: "A lost passphrase is a lost key. Nobody can recover it, neither we nor the service. Keep it as you keep the passphrase of your backups.",
    differ: "The two passphrases differ.",
    short: (least: number) => `Take at least ${least} characters: four words that do not belong together are good.`,
    unknown: "The service does not have this key's public parts yet.",
    register: "Send the public parts",
    registerHint: (bytes: string) => `About ${bytes}, once. They decrypt nothing.`,
    waiting: "No model is encrypted for this key yet. Read the key id to the model's owner, and look again.",
    refresh: "Look again",
    models: "Model",
    modelOption: (name: string, version: string, owner: string, left: string) =>
      `${name}, version ${version}, by ${owner} (${left} diagnoses left)`,
  },

  image: {
    heading: "Image",
    choose: "Choose an image",
    drop: "or drop it here: PNG, JPEG or DICOM",
    sample: "Try a sample",
    sampleNone: "Samples are drawn phantoms; choose the phantom network for them.",
    frame: (frames: string) => `Frame, 1 to ${frames}`,
    show: "Show this frame",
    preview: "This is what is encrypted",
    previewAlt: (width: string, height: string) => `The image as the network takes it, ${width} by ${height} values`,
    facts: (format: string, width: string, height: string) =>
      `${format}, ${width} × ${height} pixels before it was cut and scaled`,
    tags: "From the file, shown to you only",
    tagsHint: "None of this leaves the tab, and none of it is printed.",
    file: (name: string) => `File: ${name}`,
    unchecked: "This network does not say what its images look like: whether this is one of them was not checked.",
    clash: (modality: string, wanted: string) =>
      `The file says that it was made by ${modality}, and this network is for ${wanted}.`,
    clashAnyway: "I know what this picture is. Take it all the same.",
    unlike: "This picture does not look like those that the network was made for",
    unlikeAnswer: "This picture does not look like those that the network was made for: do not trust the answer.",
  },

  run: {
    stop: "Stop",
    stopHint: "A question that was sent may be counted all the same.",
    why: {
      busy: "Please wait.",
      model: "Choose a network, or open a key with a model, first.",
      picture: "Choose an image first.",
      clash: "Say first that you know what this image is.",
    },
    button: "Encrypt and diagnose",
    stages: {
      files: "Loading the network",
      device: "Starting",
      keys: "Making keys",
      weights: "Encrypting the network",
      encrypt: "Encrypting the image",
      upload: "Sending what is encrypted",
      compute: "Computing on what cannot be read",
      decrypt: "Decrypting the answer",
    },
  },

  result: {
    heading: "Answer",
    verdict: (label: string) => `The network says: ${label}`,
    each: "Each score is for itself: an image may have several of these, or none.",
    frame: (frame: string, frames: string) => `Frame ${frame} of ${frames}`,
    score: "Score",
    scoreHint: "A score is no probability: it was not calibrated. A higher one means only that the network is surer.",
    threshold: (label: string, share: string) => `The verdict is “${label}” from a score of ${share} on.`,
    sawHeading: "What left this computer",
    sawNothing: "Nothing. All of it happened in this tab. This is what a service would have been sent:",
    sawService: "Counted where requests leave the tab:",
    you: "You see",
    they: "The service sees",
    youAlt: "The image as it was encrypted",
    theyAlt: "A piece of the encrypted image's file, drawn as grey values: noise",
    kept: "Stayed here: the image, the patient's data in its file, the secret key, and what the answer says.",
    learns: "What a service learns all the same: that you asked, when, with which key and model, and how many bytes.",
    rows: {
      image: "Encrypted image",
      publicKey: "Public key",
      evaluationKeys: "Keys that compute and decrypt nothing",
      question: "Questions without content: names of model and job",
      answer: "Encrypted answer",
    },
    what: "What",
    sent: "Sent",
    received: "Received",
    details: "Times and identities",
    times: {
      keys: "Making the keys",
      weights: "Encrypting the network",
      encrypt: "Encrypting the image",
      compute: "Computing",
      computeServed: "Encrypting, sending, computing and receiving",
      decrypt: "Decrypting",
    },
    model: "Model",
    modelValue: (name: string, version: string) => `${name}, version ${version}`,
    owner: "By",
    modelHash: "SHA-256 of the model",
    plan: "Plan",
    imageHash: "SHA-256 of the encrypted image",
    key: "Key id",
    at: "Time",
    nothingProves:
      "The answer is for this image, model and key, as the service says, and was compared with what was asked. Nothing proves what the service computed.",
    print: "Print",
  },

  labels: {
    normal: "normal",
    pneumonia: "pneumonia",
    malignant: "malignant",
    "normal or benign": "normal or benign",
    clear: "clear",
    lesion: "lesion",
  } as Readonly<Record<string, string>>,

  failure: {
    title: "That did not work",
    technical: "In the software's words",
    library: {
      FormatError:
        "This file cannot be read: it is damaged, or of a kind that the page does not take. Take a PNG, a JPEG or a DICOM, or the key file that was saved here.",
      SecurityError: "The passphrase does not open this key, or its file was changed. Try the passphrase again.",
      KeyMismatchError:
        "This key is not for this plan or model. If you did not change anything, tell your administrator: something was exchanged.",
      ParameterError: "This image lies outside what the network can answer for.",
      DeviceError:
        "The computation could not start in this browser. Close other tabs, or use a current Chrome, Edge or Firefox.",
    } as Readonly<Record<string, string>>,
    service: {
      unauthorized:
        "The service does not know this token, or it has ended. Disconnect, and ask the operator for a new one.",
      unreachable: "The service does not answer. Look whether this computer is online; then tell your administrator.",
      substituted:
        "The service answered for something else than was asked. Do not use this answer, and tell your administrator.",
      "budget-spent": "The budget of this model is used up. Ask the model's owner.",
      obsolete:
        "The service runs another plan now: the key and the model have to be made again. Tell your administrator.",
      busy: "The service has no time for this now. Try again in a minute.",
      "too-many-requests": "Too many questions in a short time. Try again in a minute.",
      forbidden:
        "The service does not allow this: the model was revoked by its owner, or the token is not a hospital's.",
      "over-quota":
        "The service has no more room for this hospital. Ask the operator to delete keys that are not used.",
      "not-found": "The service does not have this any more. Look again, or tell your administrator.",
    } as Readonly<Record<string, string>>,
    serviceOther: "The service refused this. Tell your administrator what it says below.",
    page: {
      noModel: "Choose a network first.",
      changedFile: "A file of this page is not the one that it was built with. Tell whoever runs the page.",
      missingFile: "A file of this page is missing on its server. Tell whoever runs the page.",
      keyGone: "This key is not on this workstation any more. Take it from its saved file.",
      keySwapped: "Another key lies under this one's id. Remove it, and take the key from its saved file.",
      oldKey: "This key file is of an older version. Make it again with this version.",
      locked: "Open the key first.",
      notConnected: "Connect to the service first.",
      noPicture: "Choose an image first.",
      noService: "This page works alone only.",
      badToken: "A token begins with bs_ and is copied whole.",
      answerRefused:
        "The answer cannot be used: it is damaged, or not an answer to this question. Do not ask again for this image, and tell your administrator: something may have been exchanged.",
      stopped: "Stopped.",
      engineDied: "The page's computation has ended, and an open key with it. Reload the page.",
      tooLarge: "This is larger than a tab has room for. Tell your administrator.",
      noPicturePlan: "This plan is not for pictures: it cannot be used in this page.",
      badPlan: "The service gave something that is no plan. Do not use it, and tell your administrator.",
      oneFile: "Take one file at a time.",
    },
    browser: {
      NotFoundError: "The file is not there any more. Choose it again.",
      NotReadableError: "The file could not be read: it is a folder, or somebody else has it. Choose it again.",
      QuotaExceededError: "This browser has no more room to store the key. Free some, and try again.",
      SecurityError: "This browser does not let the page store a key (private window, or site data blocked).",
      InvalidStateError: "This browser does not let the page store a key (private window, or site data blocked).",
    } as Readonly<Record<string, string>>,
    other: "Something unexpected happened. Try again; if it stays, tell whoever runs this page.",
  },

  footer: {
    docs: "Documentation",
    source: "Encrypted with blindsight",
    version: (version: string) => `Version ${version}`,
  },
};

/** What a language has to say. */
export type Words = typeof en;
