import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import type { Merchants } from '../merchants/index.js';
import { createLedger, createRollUps, type RollUps } from '../wallet/index.js';
import { createCards, type Cards } from './cards.js';
import { cardRoutes } from './cards.routes.js';
import { createCustomerBook } from './customers.js';
import { createInteractions, type Interactions } from './interactions.js';
import { loyaltyModels, type LoyaltyModels, type PointsFacts } from './loyalty.model.js';
import { loyaltyRoutes } from './loyalty.routes.js';
import { createPoints, type Points } from './points.js';
import { pointsLedgerModels } from './points-books.js';
import { createPrograms, type Programs } from './programs.service.js';

export { pointsBooks } from './points-books.js';
export type { Cards } from './cards.js';
export type { Interactions } from './interactions.js';
export type { CardDocument, LoyaltyModels, PointsDocument, ProgramDocument } from './loyalty.model.js';
export { presentCard, presentPoints, presentProgram } from './loyalty.presenter.js';
export type { Points } from './points.js';
export type { Programs } from './programs.service.js';

export interface LoyaltyModule extends ApiModule {
  models: LoyaltyModels;
  programs: Programs;
  cards: Cards;
  points: Points;
  interactions: Interactions;
  rollUps: RollUps;
}

/** Programs, cards and points; who may join and who is scanned have modules of their own. */
export function loyaltyModule(
  { mongo, unitOfWork, logger }: Pick<Context, 'mongo' | 'unitOfWork' | 'logger'>,
  { merchants }: { merchants: Merchants },
): LoyaltyModule {
  const models = loyaltyModels(mongo);
  const books = pointsLedgerModels(mongo);
  const ledger = createLedger<PointsFacts>(books, { told: true });
  const programs = createPrograms({ models, merchants });
  const interactions = createInteractions(models);
  const cards = createCards({ mongo, models, book: createCustomerBook(models) });
  const points = createPoints({ models, ledger, cards, interactions });
  // What a program owes is read, not followed: nobody is told of each change.
  const rollUps = createRollUps({ unitOfWork, ledger, logger, announce: () => {} });
  return {
    models,
    programs,
    cards,
    points,
    interactions,
    rollUps,
    routes: [...loyaltyRoutes({ programs }), ...cardRoutes({ cards })],
    async start() {
      await ensureIndexes({ ...models, ...books });
      rollUps.start();
    },
    stop: () => rollUps.stop(),
  };
}
