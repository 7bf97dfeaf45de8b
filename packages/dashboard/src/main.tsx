import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Gate } from './access/Gate.js';
import './styles/page.css';
import './styles/panels.css';
import './styles/narrow.css';
import './styles/gate.css';

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <Gate />
    </StrictMode>,
  );
