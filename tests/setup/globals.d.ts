declare global {
  var stopTestServers: (() => Promise<void>) | undefined;
}

export {};
