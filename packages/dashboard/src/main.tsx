import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/App.js';
import { Feed } from './data/feed.js';
import { hostSource } from './data/host.js';
import { emptyState, Store } from './data/store.js';
import './styles/page.css';
import './styles/panels.css';
import './styles/narrow.css';

const store = new Store(emptyState(Date.now()));
const feed = new Feed(hostSource(location.origin), store);
feed.start();

const root = document.getElementById('root');
if (root)
  createRoot(root).render(
    <StrictMode>
      <App store={store} feed={feed} />
    </StrictMode>,
  );
