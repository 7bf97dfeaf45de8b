import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { USD_COP } from '@signalbox/core';
import { describe, expect, it } from 'vitest';
import { openPlan } from '../src/inference/plan.js';
import { discover } from '../src/plugins/discover.js';
import { openStrategies } from '../src/plugins/open.js';
import { listStrategies } from '../src/stores/postgres/strategies.js';
import { pluginProject, strategyModule } from './plugin-project.js';
import { testDatabase } from './postgres.js';

const project = pluginProject();
const marker = join(project.dir, 'ran');
const evil = (code: string): string =>
  `import fs from 'node:fs'; fs.appendFileSync(${JSON.stringify(marker)}, '${code}\\n');\n${strategyModule(code, `return { signal: 'flat', reasoning: '' }`).replace(`import fs from 'node:fs';`, '')}`;

describe('a row of dim_strategy never chooses what code runs', () => {
  it('1,000 hostile rows: nothing is imported, each is refused by name, the one that is allowed runs', async () => {
    const { pool } = await testDatabase({ world: 'market' });
    const allowed = project.install('ALLOWED', strategyModule('ALLOWED', `return { signal: 'flat', reasoning: '' }`));
    const installed = project.install('EVIL_INSTALLED', evil('EVIL_INSTALLED'));
    mkdirSync(join(project.dir, 'evil'));
    writeFileSync(join(project.dir, 'evil', 'index.js'), evil('EVIL'));
    writeFileSync(join(project.dir, 'evil', 'package.json'), '{"name":"evil","type":"module"}');
    const names = [
      installed,
      './evil/index.js',
      '../evil',
      join(project.dir, 'evil', 'index.js'),
      `file://${project.dir}/evil/index.js`,
      'data:text/javascript,process.exit(1)',
      'https://example.com/evil.js',
      'node:child_process',
      `${allowed}/../../evil/index.js`,
      `${allowed}/index.js`,
      `${allowed}\0evil`,
      ` ${allowed}`,
      `${allowed}@2`,
      'npm:evil@1',
      'git+ssh://evil',
      '__proto__',
      'constructor',
      '$(touch ran)',
      "'; DROP TABLE dw.dim_strategy; --",
      'A'.repeat(10_000),
    ].filter((name) => !name.includes('\0'));
    for (let i = 0; i < 1_000; i++)
      await pool.query(
        `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type, package) VALUES ($1, 'x', 'ML', $2)`,
        [`HOSTILE_${i}`, names[i % names.length]],
      );
    // another one's package under one's own code
    await pool.query(
      `INSERT INTO dw.dim_strategy (strategy_code, strategy_name, strategy_type, package) VALUES ('THIEF', 'x', 'ML', $1), ('ALLOWED', 'x', 'ML', $1)`,
      [allowed],
    );
    const discovered = await discover(project.dir, [allowed], { inProcess: [], memoryMb: 256 });
    const records = await listStrategies(pool);
    const opened = await openStrategies({
      rows: records.map(({ code, package: name, parameters, active }) => ({
        code,
        package: name,
        parameters,
        isActive: active,
      })),
      discovered,
      features: openPlan(USD_COP, null).features,
      instrument: USD_COP,
      world: 'market',
      allowSimulatedModels: false,
      log: () => {},
    });
    try {
      expect(opened.seats.map((seat) => seat.code)).toEqual(['ALLOWED']);
      const hostile = opened.status().filter(({ code }) => code.startsWith('HOSTILE') || code === 'THIEF');
      expect(hostile).toHaveLength(1_001);
      expect(new Set(hostile.map(({ state }) => state))).toEqual(new Set(['refused']));
      expect(existsSync(marker), 'code of a row ran').toBe(false);
    } finally {
      await opened.close();
    }
  });

  it('the same names on the allow-list are refused too, unless they are installed packages', async () => {
    const found = await discover(
      project.dir,
      ['./evil/index.js', '../evil', '__proto__', 'https://x/y', 'A'.repeat(300)],
      {
        inProcess: [],
        memoryMb: 256,
      },
    );
    for (const one of found) expect(one).toMatchObject({ problem: { code: expect.stringMatching(/^PLUGIN_NOT_/) } });
    expect(existsSync(marker)).toBe(false);
  });
});
