import type { DeliveryState } from '@mevrik/protocol';
import { stateWords } from '../../shared/delivery-words.ts';
import { isKeyOf } from '../../shared/labels.ts';
import { type RawSearch, readTexts } from '../../shared/search-params.ts';

/** The URL parameters of the deliveries page: the filters that it opens with. */
export interface DeliverySearch {
  readonly channel?: string;
  readonly status?: DeliveryState;
  /** `true`: only deliveries that the provider did not confirm. */
  readonly doubtful?: string;
  readonly messageId?: string;
}

/** Reads the parameters and drops an unknown status. */
export function readDeliverySearch(search: RawSearch): DeliverySearch {
  const { status, ...texts } = readTexts(search, ['channel', 'status', 'doubtful', 'messageId']);
  return isKeyOf(stateWords, status) ? { ...texts, status } : texts;
}
