import { html, nothing } from 'lit';
import type { ConditionTable } from '../src/report/condition-table.ts';

/**
 * A table of the terminal as a table of the page; the first column names the rows.
 *
 * @param title stands above the names of the rows, in place of what the terminal has there
 */
export function textTable(content: ConditionTable | undefined, title?: string): unknown {
  if (content === undefined) return nothing;
  const [first = '', ...others] = content.header;
  return html`<table>
    <thead>
      <tr>
        ${[title ?? first, ...others].map(name => html`<th scope="col">${capitalised(name)}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${content.rows.map(
        ([name, ...cells]) =>
          html`<tr>
            <th scope="row">${name}</th>
            ${cells.map(cell => numberCell(cell))}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/**
 * A cell whose figure stays beside its interval, `0.912 (0.87–0.95)`, while there is room, and above
 * it where there is not.
 *
 * @param drawing stands behind both
 */
export function numberCell(words: string, drawing: unknown = nothing): unknown {
  const [figure = '', ...brackets] = words.split(/ (?=\()/);
  return html`<td class="number">
    ${[figure, ...brackets].map(part => html`<span>${part}</span> `)}${drawing}
  </td>`;
}

/** Words of the terminal begin small, those of the panel do not; a symbol, as ε or p, stays one. */
function capitalised(words: string): string {
  return words.replace(/^[a-z](?=[a-z])/, letter => letter.toUpperCase());
}
