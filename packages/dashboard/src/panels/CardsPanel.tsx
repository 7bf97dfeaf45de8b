import { useMemo } from 'react';
import { useDesk, useDeskState } from '../app/desk.js';
import { consensusOf } from '../data/consensus.js';
import { cards } from '../data/card.js';
import { ConsensusRow } from './ConsensusRow.js';
import { Panel } from './Panel.js';
import { StrategyCard } from './StrategyCard.js';

export function CardsPanel() {
  const { feed } = useDesk();
  const models = useDeskState((state) => state.models);
  const latest = useDeskState((state) => state.latest);
  const positions = useDeskState((state) => state.positions.data?.positions);
  const risk = useDeskState((state) => state.risk.data);
  const consensus = useMemo(() => consensusOf(latest.data?.signals ?? []), [latest.data]);
  const newestBar = useDeskState((state) => state.candles.data?.at(-1)?.time ?? null);
  const shown = useMemo(
    () => cards(models.data ?? [], latest.data?.signals ?? [], positions ?? []),
    [models.data, latest.data, positions],
  );
  // cards need both answers: without the signals a strategy that spoke would look silent
  const resource = models.data !== null && latest.data === null ? latest : models;
  return (
    <Panel
      id="cards"
      title="What the models say"
      resource={{ ...resource, data: resource.data === null ? null : shown }}
      href="/api/models/signals/latest"
      retry={() => feed.refresh(['models', 'latest'])}
      empty={(list) =>
        list.length === 0
          ? {
              title: 'No strategies yet',
              hint: 'Add one with npx --no-install signalbox plugins add <package>.',
            }
          : null
      }
    >
      {(list) => (
        <div className="cards">
          {consensus && <ConsensusRow consensus={consensus} />}
          {list.map((card) => (
            <StrategyCard
              key={card.model.strategy_code}
              card={card}
              newestBar={newestBar}
              risk={risk?.find((each) => each.strategy_code === card.model.strategy_code)}
            />
          ))}
        </div>
      )}
    </Panel>
  );
}
