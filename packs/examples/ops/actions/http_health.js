// Whether web services are well. Parameters as JSON on stdin, the answer as JSON on stdout.
'use strict';

async function ask(url, parameters) {
  const started = performance.now();
  try {
    const response = await fetch(url, {
      headers: parameters.headers ?? {},
      redirect: 'manual',
      signal: AbortSignal.timeout(parameters.timeout_seconds * 1000),
    });
    const body = await response.text();
    const error = !parameters.expected_status.includes(response.status) ? `status ${response.status}`
      : parameters.expected_text !== undefined && !body.includes(parameters.expected_text) ? 'the expected text is not in the body'
      : undefined;
    return { ms: Math.round(performance.now() - started), status: response.status, error };
  } catch (failure) {
    // fetch hides what went wrong one level down.
    const error = failure.name === 'TimeoutError' ? `no answer within ${parameters.timeout_seconds} s` : failure.cause?.code ?? failure.message;
    return { ms: Math.round(performance.now() - started), error };
  }
}

function stateOf(succeeded, attempts, median, slow) {
  if (succeeded === 0) return 'down';
  if (succeeded < attempts) return 'flapping';
  return median > slow ? 'slow' : 'up';
}

async function check(url, parameters) {
  const answers = [];
  for (let attempt = 0; attempt < parameters.attempts; attempt++) answers.push(await ask(url, parameters));

  const times = answers.map((answer) => answer.ms).sort((a, b) => a - b);
  const median = times[Math.floor((times.length - 1) / 2)];
  const succeeded = answers.filter((answer) => answer.error === undefined).length;
  return {
    url,
    state: stateOf(succeeded, answers.length, median, parameters.slow_ms),
    succeeded,
    attempts: answers.length,
    status: answers.at(-1).status,
    median_ms: median,
    max_ms: times.at(-1),
    error: answers.findLast((answer) => answer.error !== undefined)?.error,
  };
}

async function main() {
  let input = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) input += chunk;
  const parameters = JSON.parse(input);

  const checks = await Promise.all(parameters.urls.map((url) => check(url, parameters)));
  const unhealthy = checks.filter((each) => each.state !== 'up');
  process.stdout.write(JSON.stringify({ healthy: unhealthy.length === 0, checks }));
  if (parameters.fail_when_unhealthy && unhealthy.length > 0) {
    process.stderr.write(unhealthy.map((each) => `${each.url} is ${each.state}${each.error ? `: ${each.error}` : ''}\n`).join(''));
    process.exitCode = 1;
  }
}

main();
