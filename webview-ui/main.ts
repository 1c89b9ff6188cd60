import './panel.css';
import './audit-panel.ts';
import { editorLink } from './editor-link.ts';

const panel = document.createElement('assay-panel');
panel.link = editorLink();
panel.role = 'main';
document.body.append(panel);
