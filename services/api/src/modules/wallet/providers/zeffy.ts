import type { PaymentProvider } from './provider.js';

/**
 * Donation forms. Zeffy has no API: the top-up answers with the form's address, which carries the top-up's id for the form's custom field
 * `reference`, and an automation (or Standard Webhooks) tells of the payment.
 */
export function createZeffyProvider({ formUrl }: { formUrl: string }): PaymentProvider {
  return {
    async open({ _id }) {
      const url = new URL(formUrl);
      url.searchParams.set('reference', _id);
      return { checkoutUrl: url.href };
    },
  };
}
