import { createQuestions } from '@tidings/feed';
import { createCodes } from '../../codes/codes.js';
import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import type { Entitlements } from '../entitlements/index.js';
import type { Merchants } from '../merchants/index.js';
import type { NotificationActions } from '../notifications/index.js';
import { createLedger, createRollUps, type Ledger, type RollUps } from '../wallet/index.js';
import { createCards, type Cards } from './cards.js';
import { cardRoutes } from './cards.routes.js';
import { createCustomerBook, type CustomerBook } from './customers.js';
import { createFraudAlerts, type FraudAlerts } from './fraud-alerts.js';
import { fraudRoutes } from './fraud.routes.js';
import { createHandPoints } from './hand-points.js';
import { createHolds } from './holds.js';
import { createInteractions, type Interactions } from './interactions.js';
import { namesJobKind } from './name-jobs.js';
import { createNames } from './names.js';
import { loyaltyModels, type LoyaltyModels, type PointsFacts } from './loyalty.model.js';
import { loyaltyRoutes } from './loyalty.routes.js';
import { createPlaces, type Places } from './places.js';
import { createPoints, type Points } from './points.js';
import { pointsLedgerModels } from './points-books.js';
import { createPointsJobs } from './points-jobs.js';
import { pointsRoutes } from './points.routes.js';
import { createPointsService, type PointsDecisions, type PointsService } from './points.service.js';
import { createPrograms, type Programs } from './programs.service.js';
import { createRedemptionExpiry, createRedemptionSteps, redemptionExpiryJobKind } from './redemption-steps.js';
import { createRedemptions, type Redemptions } from './redemptions.service.js';
import { rewardRoutes } from './rewards.routes.js';
import { createRewards, type Rewards } from './rewards.service.js';
import { createVisits, type Visits } from './visits.js';

export { pointsBooks, programAccount } from './points-books.js';
export type { Cards } from './cards.js';
export { announceCustomer, customerId, namesOf, type CustomerBook } from './customers.js';
export { dateIn, pointsBy, underCap, withoutCapped } from './earning.js';
export type { FraudAlerts } from './fraud-alerts.js';
export type { Interactions } from './interactions.js';
export { type CustomerDocument, type InteractionDocument } from './book.model.js';
export { type CardDocument, type LoyaltyModels, type PointsDocument, type PointsFacts, type ProgramDocument } from './loyalty.model.js';
export { presentCard, presentCustomer, presentInteraction, presentPoints } from './loyalty.presenter.js';
export { followMerchantName } from './name-jobs.js';
export { owedWith } from './owed.js';
export type { Place, Places } from './places.js';
export type { Points, PointsChange } from './points.js';
export type { PointsDecisions } from './points.service.js';
export type { Programs } from './programs.service.js';
export type { Visit, Visits } from './visits.js';

export interface LoyaltyModule extends ApiModule {
  models: LoyaltyModels;
  programs: Programs;
  cards: Cards;
  points: Points;
  places: Places;
  visits: Visits;
  /** By hand, and what becomes of it. */
  pointsService: PointsService;
  /** The customer's word on what waits. */
  pointsDecisions: PointsDecisions;
  /** What buttons of notifications do. */
  actions: NotificationActions;
  rewards: Rewards;
  redemptions: Redemptions;
  interactions: Interactions;
  /** The lines of businesses' lists of customers. */
  book: CustomerBook;
  /** Of points. */
  ledger: Ledger<PointsFacts>;
  alerts: FraudAlerts;
  rollUps: RollUps;
}

/** Programs, cards and points; who may join and who is scanned have modules of their own. */
export function loyaltyModule(
  { config, mongo, unitOfWork, logger }: Pick<Context, 'config' | 'mongo' | 'unitOfWork' | 'logger'>,
  { merchants, entitlements }: { merchants: Merchants; entitlements: Pick<Entitlements, 'limits'> },
): LoyaltyModule {
  const models = loyaltyModels(mongo);
  const books = pointsLedgerModels(mongo);
  const ledger = createLedger<PointsFacts>(books, { told: true });
  const programs = createPrograms({ models, merchants, unitOfWork, limits: entitlements.limits });
  const interactions = createInteractions(models);
  const book = createCustomerBook(models);
  const kept = createCards({ mongo, models, book });
  const places = createPlaces({ programs, merchants });
  const alerts = createFraudAlerts(models);
  const handPoints = createHandPoints({ models, alerts, perDay: config.POINTS_BY_HAND_PER_DAY });
  const points = createPoints({ models, ledger, cards: kept, interactions, questions: createQuestions(mongo) });
  const pointsService = createPointsService({ models, cards: kept, points, places, handPoints });
  const rewards = createRewards({ models, programs, merchants });
  const holds = createHolds({ models, ledger, cards: kept, points });
  const steps = createRedemptionSteps({ models, holds, rewards, places, interactions });
  const codes = createCodes(config.jwtKeys);
  const redemptions = createRedemptions({ mongo, models, cards: kept, places, holds, rewards, steps, codes });
  const cards: Cards = {
    ...kept,
    // What is open on a card ends with it, while its end may still be told.
    async close(tx, userId, programId) {
      const card = await kept.of(userId, programId, tx);
      if (card?.status !== 'active') return;
      await pointsService.denyAll(tx, card);
      await steps.cancelAll(tx, card);
      await kept.close(tx, userId, programId);
    },
  };
  // What a program owes is read, not followed: nobody is told of each change.
  const rollUps = createRollUps({ unitOfWork, ledger, logger, announce: () => {} });
  return {
    models,
    programs,
    cards,
    points,
    places,
    visits: createVisits({ cards, points }),
    pointsService,
    pointsDecisions: pointsService,
    actions: { points: (tx, caller, id, action) => pointsService.decide(tx, caller, id, action) },
    rewards,
    redemptions,
    interactions,
    book,
    ledger,
    alerts,
    rollUps,
    routes: [
      ...loyaltyRoutes({ programs }),
      ...cardRoutes({ cards }),
      ...pointsRoutes(pointsService),
      ...rewardRoutes({ rewards, redemptions }),
      ...fraudRoutes({ alerts }),
    ],
    jobs: {
      ...createPointsJobs({ models, points, places, unitOfWork }),
      [namesJobKind]: createNames({ models, programs, cards: kept, merchants, unitOfWork }),
      [redemptionExpiryJobKind]: createRedemptionExpiry({ models, steps, unitOfWork }),
    },
    async start() {
      await ensureIndexes({ ...models, ...books });
      await programs.noteOlderRules();
      rollUps.start();
    },
    stop: () => rollUps.stop(),
  };
}
