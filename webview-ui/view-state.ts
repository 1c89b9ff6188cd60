import type { SampleFilter, SampleOrder } from '../src/protocol/panel-protocol.ts';

/** What the user has chosen to look at: kept when the panel is hidden or VS Code restarts. */
export interface ViewState {
  /** Condition whose adversaries the list shows. */
  readonly condition: string;
  readonly order: SampleOrder;
  readonly filter: SampleFilter;
  /** Index in the data set of the sample shown in full, if one is. */
  readonly selected: number | undefined;
}

/** The first look: all samples under a condition, in the order of the data set. */
export function initialView(condition: string): ViewState {
  return {
    condition,
    order: { by: 'index', condition, descending: false },
    filter: { condition, outcome: 'all', label: 'all', text: '' },
    selected: undefined,
  };
}

/** The same look at another condition. */
export function withCondition(view: ViewState, condition: string): ViewState {
  return {
    ...view,
    condition,
    order: { ...view.order, condition },
    filter: { ...view.filter, condition },
  };
}
