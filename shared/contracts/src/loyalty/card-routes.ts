import { idParams, listOf } from '../common.js';
import { defineRoute } from '../route.js';
import { cardSchema, cardsQuery } from './schemas.js';

const tag = 'loyalty';

export const cardRoutes = {
  listCards: defineRoute({
    name: 'listCards',
    method: 'get',
    path: '/api/cards',
    summary: "The caller's cards, newest first: balances and tiers, closed ones too; `businessId` narrows",
    tag,
    access: 'user',
    query: cardsQuery,
    status: 200,
    response: listOf(cardSchema),
  }),
  getCard: defineRoute({
    name: 'getCard',
    method: 'get',
    path: '/api/cards/:id',
    summary: 'One card, for its customer, and while it is active for members of the business',
    tag,
    access: 'user',
    params: idParams,
    status: 200,
    response: cardSchema,
    errors: ['not-found'],
  }),
};
