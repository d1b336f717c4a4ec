/// <reference types="vite/client" />

declare module "virtual:page-config" {
  const config: import("./engine/messages.js").PageConfig;
  export default config;
}

declare module "blindsight/worker?url&no-inline" {
  const url: string;
  export default url;
}
