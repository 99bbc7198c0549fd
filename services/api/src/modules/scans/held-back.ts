import type { Tx } from '@tidings/feed';

/**
 * The same transaction, in which events wait until `tell`, in their order: what comes first on every screen may be known last. They have no ids before.
 */
export function heldBack(tx: Tx): { tx: Tx; tell(): void } {
  const waiting: (() => void)[] = [];
  const emit: Tx['emit'] = (...event) => {
    waiting.push(() => void tx.emit(...event));
    return '';
  };
  return {
    tx: { ...tx, emit },
    tell: () => {
      for (const one of waiting.splice(0)) one();
    },
  };
}
