import type { ReactNode } from 'react';
import { useDesk, useDeskState } from '../app/desk.js';
import type { BookTab } from '../app/preferences.js';
import type { Resource } from '../data/resource.js';
import { unseen } from '../data/risk.js';
import { AlertsList } from './AlertsList.js';
import { Choice } from './Choice.js';
import { Panel } from './Panel.js';
import { Pnl } from './Pnl.js';
import { PositionsTable } from './PositionsTable.js';
import { RiskTable } from './RiskTable.js';

/** What is at risk: open positions, distance to the limits, and what was breached. */
export function BookPanel() {
  const { preferences, prefer } = useDesk();
  const risk = useDeskState((state) => state.risk.data);
  const alerts = useDeskState((state) => state.alerts.data);
  const halted = (risk ?? []).filter((each) => each.halted).length;
  const news = unseen(alerts ?? [], preferences.seenAlert);
  const tabs: readonly (readonly [BookTab, string])[] = [
    ['positions', 'Positions'],
    ['risk', halted > 0 ? `Risk · ${halted} halted` : 'Risk'],
    ['alerts', news > 0 ? `Alerts · ${news} new` : 'Alerts'],
  ];
  const choice = <Choice label="Shown" options={tabs} value={preferences.tab} choose={(tab) => prefer({ tab })} />;
  switch (preferences.tab) {
    case 'positions':
      return <Positions choice={choice} />;
    case 'risk':
      return <Risk choice={choice} />;
    case 'alerts':
      return <Alerts choice={choice} />;
  }
}

function Positions({ choice }: { choice: ReactNode }) {
  const positions = useDeskState((state) => state.positions);
  return (
    <Frame
      tab="positions"
      title="Open positions · paper"
      resource={positions}
      href="/api/models/positions/current"
      choice={
        <>
          {positions.data !== null && positions.data.positions.length > 0 && (
            <span className="total">
              <Pnl value={positions.data.total_pnl} />
            </span>
          )}
          {choice}
        </>
      }
      none={({ positions: open }) => open.length === 0}
      hint={[
        'No open position',
        'A long or short signal opens one at the next bar; all are closed at the end of a session.',
      ]}
    >
      {({ positions: open }) => <PositionsTable positions={open} />}
    </Frame>
  );
}

function Risk({ choice }: { choice: ReactNode }) {
  const risk = useDeskState((state) => state.risk);
  return (
    <Frame
      tab="risk"
      title="Risk limits"
      resource={risk}
      href="/api/risk/status"
      choice={choice}
      none={(strategies) => strategies.length === 0}
      hint={['No strategy trades', 'Limits begin with the first strategy that is active.']}
    >
      {(strategies) => <RiskTable strategies={strategies} />}
    </Frame>
  );
}

function Alerts({ choice }: { choice: ReactNode }) {
  const alerts = useDeskState((state) => state.alerts);
  return (
    <Frame
      tab="alerts"
      title="Alerts"
      resource={alerts}
      href="/api/alerts"
      choice={choice}
      none={(list) => list.length === 0}
      hint={['No alert yet', 'One comes with each breach of a limit, each missed bar and each suspended plugin.']}
    >
      {(list) => <AlertsList alerts={list} />}
    </Frame>
  );
}

interface FrameProperties<T> {
  readonly tab: BookTab;
  readonly title: string;
  readonly resource: Resource<T>;
  readonly href: string;
  readonly choice: ReactNode;
  readonly none: (data: T) => boolean;
  readonly hint: readonly [title: string, hint: string];
  readonly children: (data: T) => ReactNode;
}

function Frame<T>({ tab, title, resource, href, choice, none, hint, children }: FrameProperties<T>) {
  const { feed } = useDesk();
  return (
    <Panel
      id="book"
      title={title}
      resource={resource}
      href={href}
      retry={() => feed.refresh([tab])}
      tools={choice}
      empty={(data) => (none(data) ? { title: hint[0], hint: hint[1] } : null)}
    >
      {children}
    </Panel>
  );
}
