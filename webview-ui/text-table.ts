import { html, nothing } from 'lit';
import type { ConditionTable } from '../src/report/condition-table.ts';

/** A table of the terminal as a table of the page; the first column names the rows. */
export function textTable(caption: string, content: ConditionTable | undefined): unknown {
  if (content === undefined) return nothing;
  return html`<table>
    ${
      caption === ''
        ? nothing
        : html`<caption>
            ${caption}
          </caption>`
    }
    <thead>
      <tr>
        ${content.header.map(title => html`<th scope="col">${title}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${content.rows.map(
        ([name, ...cells]) =>
          html`<tr>
            <th scope="row">${name}</th>
            ${cells.map(cell => html`<td class="number">${cell}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`;
}
