// Tables for people, one JSON value for programs.
//
// A metric is { name, unit, value, reference?: { name, value }, ratio?, target?: { ratioAtLeast | atMost | atLeast } }: ours, what it is
// compared with, both in `unit`, and the ratio of our speed to theirs.

/** Prints everything that was measured. */
export function printReport(report, json) {
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const { machine } = report;
  const sha = machine.shaInstructions ? 'with' : 'without';
  const lines = [
    `Tidegate ${machine.commit}; medians of ${report.rounds} rounds`,
    `${machine.cores} cores of ${machine.cpu} (${sha} SHA instructions), ${machine.memoryGib} GiB, Linux ${machine.kernel}`,
    machine.fileSystem,
  ];
  for (const [name, suite] of Object.entries(report.suites)) {
    lines.push('', `${name}: ${suite.about} (load before: ${suite.loadBefore})`, ...table(suite.metrics));
  }
  process.stdout.write(`${lines.join('\n')}\n`);
}

function table(metrics) {
  const rows = metrics.map((metric) => [
    metric.name,
    quantity(metric.value, metric.unit),
    metric.reference ? `${metric.reference.name}: ${quantity(metric.reference.value, metric.unit)}` : '',
    metric.ratio === undefined ? '' : metric.ratio.toFixed(2),
    wanted(metric),
    verdict(metric),
  ]);
  rows.unshift(['what', 'measured', 'beside', 'ratio', 'target', '']);
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column])).join('  ')}`.trimEnd());
}

function quantity(value, unit) {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${unit}`;
}

function wanted({ target, unit }) {
  if (!target) return '';
  if (target.ratioAtLeast !== undefined) return `>= ${target.ratioAtLeast.toFixed(2)}`;
  return target.atMost === undefined ? `>= ${target.atLeast} ${unit}` : `<= ${target.atMost} ${unit}`;
}

/** Whether a metric is as good as it should be; empty where nothing is asked. */
function verdict({ target, ratio, value }) {
  if (!target) return '';
  const { ratioAtLeast = 0, atLeast = 0, atMost = Infinity } = target;
  return (ratio ?? Infinity) >= ratioAtLeast && value >= atLeast && value <= atMost ? 'met' : 'MISSED';
}
