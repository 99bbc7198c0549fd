import { routes } from '@tidings/contracts';
import { read, type RouteBinding } from '../../http/bind.js';
import { Media } from '../../http/media.js';
import type { Screens } from './screen.service.js';
import type { Timelines } from './timeline.service.js';

export function historyRoutes({ screens, timelines }: { screens: Screens; timelines: Timelines }): RouteBinding[] {
  const contract = routes.history;
  const heavy = { limit: 'heavy' } as const;
  return [
    read(contract.screen, ({ caller, params, query }) => screens.show({ by: caller, userId: params.id, query }), heavy),
    read(
      contract.screenExport,
      async ({ caller, params, query }) => {
        const { name, lines } = await screens.export({ by: caller, userId: params.id, query });
        return new Media('application/x-ndjson', lines, {
          'Content-Disposition': `attachment; filename="${name}"`,
          'Cache-Control': 'no-store',
        });
      },
      heavy,
    ),
    read(contract.timeline, ({ caller, params }) => timelines.show(caller, params.id), heavy),
  ];
}
