import { badField, type Item, type OrderInput, Problem } from '@tidings/contracts';
import type { ItemDocument } from '../merchants/index.js';
import type { OrderLine } from './orders.model.js';

/** More than the ledger moves in one transfer, see `amountSchema`. */
const highestTotal = 100_000_000_000;

export interface Basket {
  lines: OrderLine[];
  /** Minor units. */
  total: number;
}

/**
 * What an order costs, by the merchant's prices alone.
 * @throws Problem `item-unavailable`, `currency-mismatch`, `out-of-stock` (as far as one can tell now), `price-changed` when the client
 *   showed another total, `bad-request` for options that the item does not have
 */
export function fillBasket(input: OrderInput, offered: readonly ItemDocument[], currency: string): Basket {
  const byId = new Map(offered.map((item) => [item._id, item]));
  const byName = new Map(offered.map((item) => [item.name.toLowerCase(), item]));
  const quantities = new Map<string, number>();
  let total = 0;

  const lines = input.items.map(({ itemId, quantity, options }, index): OrderLine => {
    const item = byId.get(itemId) ?? byName.get(itemId.toLowerCase());
    if (!item?.available) throw new Problem('item-unavailable', `${item?.name ?? itemId} is not on offer`);
    if (item.currency !== currency) throw new Problem('currency-mismatch', `${item.name} is sold in ${item.currency}`);
    const wanted = (quantities.get(item._id) ?? 0) + quantity;
    if (item.stock !== null && item.stock < wanted) throw new Problem('out-of-stock', `There are ${item.stock} of ${item.name}`);
    quantities.set(item._id, wanted);
    const price = item.price + optionsPrice(item.options, options ?? [], index);
    total += price * quantity;
    return {
      itemId: item._id,
      name: item.name,
      quantity,
      price,
      ...(options && options.length > 0 ? { options } : {}),
      ...(item.stock === null ? {} : { stockTaken: true as const }),
    };
  });

  if (total > highestTotal) throw badField('items', 'come to more than one payment can carry');
  if (input.price !== undefined && input.price !== total) throw new Problem('price-changed', `The total is ${total}`);
  return { lines, total };
}

function optionsPrice(options: Item['options'], chosen: readonly { name: string; choice: string }[], index: number): number {
  const path = `items.${index}.options`;
  if (new Set(chosen.map(({ name }) => name)).size !== chosen.length) throw badField(path, 'chooses twice for one option');
  const missing = options.find((option) => option.required && !chosen.some(({ name }) => name === option.name));
  if (missing) throw badField(path, `${missing.name} must be chosen`);
  return chosen.reduce((sum, { name, choice }) => {
    const found = options.find((option) => option.name === name)?.choices.find((one) => one.name === choice);
    if (!found) throw badField(path, `${name}: ${choice} is not among the item's options`);
    return sum + (found.price ?? 0);
  }, 0);
}
