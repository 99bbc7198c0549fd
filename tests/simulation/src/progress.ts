const width = 30;

/** A bar that is drawn anew on a terminal; elsewhere a line for each stage and each quarter. */
export function createProgress(out: NodeJS.WriteStream): { show(stage: string, share: number): void; end(): void } {
  const start = performance.now();
  let last = '';
  return {
    show(stage, share) {
      const done = Math.min(1, Math.max(0, share));
      const filled = Math.round(done * width);
      const seconds = ((performance.now() - start) / 1_000).toFixed(0).padStart(4);
      const bar = `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${String(Math.round(done * 100)).padStart(3)} %`;
      if (out.isTTY) {
        out.write(`\r${seconds} s ${bar} ${stage.padEnd(28)}`);
        return;
      }
      const step = `${stage} ${Math.floor(done * 4)}`;
      if (step !== last) out.write(`${seconds} s ${bar} ${stage}\n`);
      last = step;
    },
    end() {
      if (out.isTTY) out.write('\n');
    },
  };
}
