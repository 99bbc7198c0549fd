import { EventSource } from 'eventsource';
import { waitFor } from '@tidings/testing';

/** `PlanChangeEvent` of the existing app, with the word that greets. */
export interface PlanChangeEvent {
  type: 'CONNECTED' | 'UPDATE' | 'CREATE' | 'DELETE';
  planId: string;
  planData?: Record<string, unknown>;
  timestamp: number;
  adminEmail?: string;
}

/** The app's `usePlanSync` without React: an EventSource that is closed on an error and opened anew after 3 s. */
export interface PlanSync {
  isConnected(): boolean;
  disconnect(): void;
  /** Everything that came, for the tests. */
  events: readonly PlanChangeEvent[];
  event(type: PlanChangeEvent['type'], planId?: string): Promise<PlanChangeEvent>;
}

export function usePlanSync(url: string, onPlanChange: (event: PlanChangeEvent) => void): PlanSync {
  const events: PlanChangeEvent[] = [];
  let isConnected = false;
  let source: EventSource;
  let timer: NodeJS.Timeout | undefined;
  const connect = (): void => {
    source = new EventSource(url);
    source.onmessage = ({ data }) => {
      const event = JSON.parse(String(data)) as PlanChangeEvent;
      if (event.type === 'CONNECTED') isConnected = true;
      events.push(event);
      onPlanChange(event);
    };
    source.onerror = () => {
      isConnected = false;
      source.close();
      timer = setTimeout(connect, 3_000);
    };
  };
  connect();
  return {
    events,
    isConnected: () => isConnected,
    disconnect() {
      clearTimeout(timer);
      source.close();
    },
    event: (type, planId) =>
      waitFor(`${type} in the app`, () => events.find((event) => event.type === type && (planId === undefined || event.planId === planId))),
  };
}
