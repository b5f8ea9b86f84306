import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { INFO_LABELS } from "../../src/config/config.ts";
import { configOf, messageOf } from "./support.ts";

const SECTIONS = "sora, targets, calls, metrics, limits, otlp, web, log";
const TARGET_KEYS =
  "name, url, urls, interval, timeout, local, limits, headers, basic_auth, bearer_token, tls";
const SORA_KEYS =
  "url, interval, timeout, local, skip_ssl_verify, client_metrics, connection_error_metrics, erlang_vm_metrics, cluster_metrics";
const CALLS =
  "list_connections, get_stats_report, list_cluster_nodes, get_license, list_started_recording, list_archiving";
const METRICS_KEYS =
  "levels, info_labels, client_id, include, exclude, include_sections, exclude_sections, include_channels, exclude_channels, zero, client_id_key, cc_round_trip_time_buckets, cc_target_bitrate_buckets";
const LIMITS_KEYS =
  "series_per_target, series_per_metric, data_channel_labels, label_value_length, answer_size";
const NAME = "is not a name of metrics such as sora_connection_rtp_*, with * for any characters";
const NO_NAME = "can be the name of no metric; they all begin with sora_";
const SECTION_NAMES =
  "network_status, rtp, rtp_hdr_ext, rtcp, simulcast, cc, ice_connection_state, dtls, turn, sctp, data_channel, signaling, spotlight, packet_loss_simulator";
const WEB_KEYS =
  "listen_address, telemetry_path, max_requests, disable_exporter_metrics, config_file, health_without_auth, enable_lifecycle";
const DURATION = "is not a duration such as 500ms, 10s or 1m30s";
const ADDRESS = "is not an address such as :10490, 127.0.0.1:10490 or [::1]:10490";

/** One bad file for each rule, and the whole message after `config.yaml:`. */
const BAD_FILES: Record<string, [yaml: string, message: string][]> = {
  yaml: [
    ["sora: [1", "1: Flow sequence in block collection must be sufficiently indented and end with a ]"],
    ["log:\n\tlevel: info\n", "2: Tabs are not allowed as indentation"],
    ["sora:\n  url: http://a\n  url: http://b\n", "3: a key that is already there"],
    ["log: {}\n---\nweb: {}\n", "2: a second YAML document; only one is allowed"],
    ["log:\n  level: !env LEVEL\n", "2: a YAML tag that is not known here"],
    ["%FOO bar\n---\nlog: {}\n", "1: a YAML directive that is not known here"],
    ['log: {level: "\\q"}\n', "1: an escape sequence that YAML does not know"],
    ["sora: {}\nlog: *nowhere\n", "2: an alias without its anchor before it"],
    ["log: {level: !env LEVEL}\nsora: [1", "1: a YAML tag that is not known here"],
    ["log:\n  ? [level]\n  : info\n", "2: a key that is not a plain name"],
  ],
  shape: [
    ["- sora\n", `1: the file is not a map of ${SECTIONS}`],
    ["\n\nsora\n", `3: the file is not a map of ${SECTIONS}`],
    ["log: {}\nsora: 5\n", `2: sora: is not a map of ${SORA_KEYS}`],
    ["web: []\n", `1: web: is not a map of ${WEB_KEYS}`],
    ["calls: 10s\n", `1: calls: is not a map of ${CALLS}`],
    ["metrics: []\n", `1: metrics: is not a map of ${METRICS_KEYS}`],
    [
      "targets:\n  - {url: http://a, basic_auth: x}\n",
      "2: targets[0].basic_auth: is not a map of username, password",
    ],
    [
      "targets:\n  - {url: http://a, tls: true}\n",
      "2: targets[0].tls: is not a map of ca_file, cert_file, key_file, server_name, insecure_skip_verify",
    ],
    // Without a space behind the colon this is a key with nothing behind it.
    [
      "targets:\n  - {url: http://a, bearer_token:s3cret}\n",
      `2: targets[0]."bearer_token:…": unknown key; allowed here: ${TARGET_KEYS}`,
    ],
    ["targets:\n  url: http://a\n", "1: targets: is not a list of targets"],
    ["log:\ntargets:\n", "2: targets: has no value; [] is for sora.url alone"],
    ["log: {}\ntargets: ~\n", "2: targets: has no value; [] is for sora.url alone"],
    ["sora:\n  url:\n", "2: sora.url: an empty value is not an http or https URL"],
    ["targets:\n  - http://a\n", `2: targets[0]: is not a map of ${TARGET_KEYS}`],
    ["targets:\n  -\n", `2: targets[0]: is not a map of ${TARGET_KEYS}`],
    ["targets: &t [*t]\n", `1: targets[0]: is not a map of ${TARGET_KEYS}`],
    ["sora:\n  url: [http://a]\n", "2: sora.url: a list is not an http or https URL"],
    ["sora:\n  interval: {a: b}\n", `2: sora.interval: a map ${DURATION}`],
    ["sora:\n  interval:\n", `2: sora.interval: an empty value ${DURATION}`],
  ],
  "unknown keys": [
    ["log: {}\nsorra: {}\n", `2: sorra: unknown key; allowed here: ${SECTIONS}`],
    ["sorra:\n", `1: sorra: unknown key; allowed here: ${SECTIONS}`],
    ["sora:\n  # a comment\n  urls: http://a\n", `3: sora.urls: unknown key; allowed here: ${SORA_KEYS}`],
    ["web: {port: 1}\n", `1: web.port: unknown key; allowed here: ${WEB_KEYS}`],
    ["calls: {list: 1}\n", `1: calls.list: unknown key; allowed here: ${CALLS}`],
    ["metrics: {x: 1}\n", `1: metrics.x: unknown key; allowed here: ${METRICS_KEYS}`],
    [
      "targets:\n  - {url: http://a, tls: {ca: x}}\n",
      "2: targets[0].tls.ca: unknown key; allowed here: ca_file, cert_file, key_file, server_name, insecure_skip_verify",
    ],
    ["log: {file: x}\n", "1: log.file: unknown key; allowed here: level, format"],
    [
      "targets:\n  - url: http://a\n  - url: http://b\n    intervall: 10s\n",
      `4: targets[1].intervall: unknown key; allowed here: ${TARGET_KEYS}`,
    ],
    ['"a b": 1\n', `1: unknown key; allowed here: ${SECTIONS}`],
    ["1: 2\n", `1: 1: unknown key; allowed here: ${SECTIONS}`],
    ["__proto__: {}\n", `1: __proto__: unknown key; allowed here: ${SECTIONS}`],
    ["<<: {log: {}}\n", `1: unknown key; allowed here: ${SECTIONS}`],
  ],
  durations: [
    ["sora:\n  interval: 10x\n", `2: sora.interval: "10x" ${DURATION}`],
    ["sora:\n  interval: 10\n", `2: sora.interval: 10 ${DURATION}`],
    ["sora:\n  interval: 0\n", `2: sora.interval: 0 ${DURATION}`],
    ["sora:\n  interval: 0s\n", "2: sora.interval: 0s is not between 100ms and 1d"],
    ["sora:\n  interval: 99ms\n", "2: sora.interval: 99ms is not between 100ms and 1d"],
    ["sora:\n  interval: 1d1ms\n", "2: sora.interval: 1d1ms is not between 100ms and 1d"],
    ["sora:\n  timeout: 9ms\n", "2: sora.timeout: 9ms is not between 10ms and 1d"],
    ["targets:\n  - {url: http://a, interval: 1s1m}\n", `2: targets[0].interval: "1s1m" ${DURATION}`],
    ["targets:\n  - {url: http://a, timeout: soon}\n", `2: targets[0].timeout: "soon" ${DURATION}`],
  ],
  calls: [
    ["calls:\n  get_license: 5\n", `2: calls.get_license: 5 ${DURATION}`],
    ["calls:\n  get_license: 0\n", `2: calls.get_license: 0 ${DURATION}`],
    ["calls:\n  get_license: 99ms\n", "2: calls.get_license: 99ms is neither 0s nor between 100ms and 1d"],
    ["calls:\n  list_archiving: 2d\n", "2: calls.list_archiving: 2d is neither 0s nor between 100ms and 1d"],
  ],
  metrics: [
    ["metrics:\n  levels: channel\n", "2: metrics.levels: is not a list of levels"],
    ["metrics:\n  levels: []\n", "2: metrics.levels: is empty; name some of target, channel, connection"],
    [
      "metrics:\n  levels: [node]\n",
      '2: metrics.levels[0]: "node" is not one of target, channel, connection',
    ],
    ...["5", "[]", "[2, 1]", "[1, 1]", "[-1, 1]"].map((list): [string, string] => [
      `metrics:\n  cc_target_bitrate_buckets: ${list}\n`,
      "2: metrics.cc_target_bitrate_buckets: is not a list of 1 to 30 numbers from 0, each larger than the one before",
    ]),
    [
      "metrics:\n  cc_target_bitrate_buckets: [1, x]\n",
      "2: metrics.cc_target_bitrate_buckets[1]: is not a number",
    ],
    ["metrics:\n  info_labels: role\n", "2: metrics.info_labels: is not a list of labels"],
    ["metrics:\n  info_labels:\n", "2: metrics.info_labels: is not a list of labels"],
    [
      "metrics:\n  info_labels:\n    - role\n    - channel_id\n",
      `4: metrics.info_labels[1]: "channel_id" is not one of ${INFO_LABELS.join(", ")}`,
    ],
    [
      "metrics:\n  info_labels:\n    - role\n    - client_id\n    - role\n",
      '5: metrics.info_labels[2]: "role" is there twice',
    ],
    ["metrics:\n  client_id: none\n", '2: metrics.client_id: "none" is not one of plain, hash, omit'],
    [
      "metrics:\n  client_id_key: x\n",
      "2: metrics.client_id_key: may only be set with metrics.client_id: hash",
    ],
    [
      "metrics:\n  client_id: omit\n  client_id_key: {env: X}\n",
      "3: metrics.client_id_key: may only be set with metrics.client_id: hash",
    ],
    [
      "metrics:\n  client_id: hash\n  client_id_key: 5\n",
      "3: metrics.client_id_key: takes a string, {env: NAME} or {file: PATH}",
    ],
    [
      "metrics:\n  client_id: hash\n  client_id_key: {env: X}\n",
      "3: metrics.client_id_key: the environment has no variable X",
    ],
    ['metrics:\n  client_id: hash\n  client_id_key: ""\n', "3: metrics.client_id_key: is empty"],
  ],
  "timeout and interval": [
    ["sora:\n  timeout: 5s\n  interval: 2s\n", "2: sora.timeout: 5s is longer than sora.interval, 2s"],
    ["sora:\n  timeout: 11s\n", "2: sora.timeout: 11s is longer than sora.interval, 10s"],
    [
      "targets:\n  - url: http://a\n    interval: 1m\n    timeout: 1m1s\n",
      "4: targets[0].timeout: 1m1s is longer than targets[0].interval, 1m",
    ],
    [
      "targets:\n  - url: http://a\n    timeout: 11s\n",
      "3: targets[0].timeout: 11s is longer than sora.interval, 10s",
    ],
    [
      "targets:\n  - url: http://a\n    interval: 2s\nsora:\n  timeout: 5s\n",
      "5: sora.timeout: 5s is longer than targets[0].interval, 2s",
    ],
  ],
  sizes: [
    ["limits:\n  answer_size: 256\n", "2: limits.answer_size: 256 is not a size such as 512KB or 256MB"],
    ["limits:\n  answer_size: 1TB\n", '2: limits.answer_size: "1TB" is not a size such as 512KB or 256MB'],
    ["limits:\n  answer_size: 1023B\n", "2: limits.answer_size: 1023B is not between 1KB and 511MB"],
    ["limits:\n  answer_size: 512MB\n", "2: limits.answer_size: 512MB is not between 1KB and 511MB"],
    [
      "targets:\n  - {url: http://a, limits: {answer_size: 1GB}}\n",
      "2: targets[0].limits.answer_size: 1GB is not between 1KB and 511MB",
    ],
    ["sora:\n  body_size_limit: 1MB\n", `2: sora.body_size_limit: unknown key; allowed here: ${SORA_KEYS}`],
  ],
  limits: [
    ["limits: 5\n", `1: limits: is not a map of ${LIMITS_KEYS}`],
    ["limits: {series: 5}\n", `1: limits.series: unknown key; allowed here: ${LIMITS_KEYS}`],
    ["targets:\n  - {url: http://a, limits: 5}\n", `2: targets[0].limits: is not a map of ${LIMITS_KEYS}`],
    [
      "limits:\n  series_per_target: 0\n",
      "2: limits.series_per_target: 0 is not a whole number from 1 to 100000000",
    ],
    [
      "limits:\n  series_per_metric: 1M\n",
      '2: limits.series_per_metric: "1M" is not a whole number from 1 to 100000000',
    ],
    [
      "limits:\n  data_channel_labels: -1\n",
      "2: limits.data_channel_labels: -1 is not a whole number from 0 to 10000",
    ],
    [
      "limits:\n  label_value_length: 31\n",
      "2: limits.label_value_length: 31 is not a whole number from 32 to 65536",
    ],
    [
      "targets:\n  - url: http://a\n    limits:\n      label_value_length: 1.5\n",
      "4: targets[0].limits.label_value_length: 1.5 is not a whole number from 32 to 65536",
    ],
  ],
  choice: [
    ["metrics:\n  include: sora_*\n", "2: metrics.include: is not a list of names of metrics"],
    ["metrics:\n  include: ['']\n", `2: metrics.include[0]: "" ${NAME}`],
    ["metrics:\n  include: [sora_*, 5]\n", `2: metrics.include[1]: 5 ${NAME}`],
    ["metrics:\n  exclude: ['sora_connection_.*']\n", `2: metrics.exclude[0]: "sora_connection_.*" ${NAME}`],
    ["metrics:\n  exclude: [node_cpu*]\n", `2: metrics.exclude[0]: ${NO_NAME}`],
    ["metrics:\n  include: [sor]\n", `2: metrics.include[0]: ${NO_NAME}`],
    ["metrics:\n  include: [sora*, Sora_*]\n", `2: metrics.include[1]: ${NO_NAME}`],
    [
      "metrics:\n  exclude: [sora_exporter_*]\n",
      "2: metrics.exclude[0]: only names metrics of the exporter itself, which are always there",
    ],
    [
      "metrics:\n  include: [sora_up]\n",
      "2: metrics.include[0]: only names metrics of the exporter itself, which are always there",
    ],
    ["metrics:\n  exclude: ['*_info', '*_info']\n", '2: metrics.exclude[1]: "*_info" is there twice'],
    ["metrics:\n  include_sections: rtp\n", "2: metrics.include_sections: is not a list of sections"],
    [
      "metrics:\n  include_sections: [rtp, rtpc]\n",
      `2: metrics.include_sections[1]: "rtpc" is not one of ${SECTION_NAMES}`,
    ],
    ["metrics:\n  exclude_sections: [cc, cc]\n", '2: metrics.exclude_sections[1]: "cc" is there twice'],
    [
      "metrics:\n  exclude_channels:\n    - a\n    - ''\n",
      '4: metrics.exclude_channels[1]: "" is not a channel_id, with * for any characters',
    ],
    [
      "metrics:\n  include_channels: [5]\n",
      "2: metrics.include_channels[0]: 5 is not a channel_id, with * for any characters",
    ],
    ["metrics:\n  zero: drop\n", '2: metrics.zero: "drop" is not one of keep, omit'],
  ],
  choices: [
    ["sora:\n  local: yes\n", '2: sora.local: "yes" is not true or false'],
    ["targets:\n  - {url: http://a, local: 1}\n", "2: targets[0].local: 1 is not true or false"],
    ["log:\n  level: trace\n", '2: log.level: "trace" is not one of debug, info, warn, error'],
    ["log:\n  level: 30\n", "2: log.level: 30 is not one of debug, info, warn, error"],
    ["log:\n  format: xml\n", '2: log.format: "xml" is not one of text, json, logfmt'],
    ["sora:\n  cluster_metrics: on\n", '2: sora.cluster_metrics: "on" is not true or false'],
    ["web:\n  max_requests: '40'\n", '2: web.max_requests: "40" is not a whole number from 0 to 10000'],
    ["web:\n  max_requests: -1\n", "2: web.max_requests: -1 is not a whole number from 0 to 10000"],
    ["web:\n  max_requests: 1.5\n", "2: web.max_requests: 1.5 is not a whole number from 0 to 10000"],
    ["web:\n  max_requests: .nan\n", "2: web.max_requests: NaN is not a whole number from 0 to 10000"],
    ["web:\n  max_requests: 10001\n", "2: web.max_requests: 10001 is not a whole number from 0 to 10000"],
  ],
  URLs: [
    ["targets:\n  - name: a\n", "2: targets[0]: needs url, or urls"],
    ["targets:\n  - url: http://a\n    urls: [http://b]\n", "3: targets[0].urls: may not be set beside url"],
    ["targets:\n  - urls: http://a\n", "2: targets[0].urls: is not a list of URLs"],
    ["targets:\n  - urls: []\n", "2: targets[0].urls: is an empty list; give at least one URL"],
    [
      "targets:\n  - urls:\n      - http://a\n      - b\n",
      '4: targets[0].urls[1]: "b" is not an http or https URL',
    ],
    [
      "targets:\n  - urls:\n      - http://a\n      - http://u:p@b\n",
      "4: targets[0].urls[1]: a user or password in the URL is not allowed; use basic_auth of a target",
    ],
    [
      "targets:\n  - urls:\n      - http://a/\n      - http://b\n      - http://A:80\n",
      '5: targets[0].urls[2]: "http://a/" is there twice',
    ],
    ["sora:\n  url: sora:3000\n", '2: sora.url: "sora:3000" is not an http or https URL'],
    ["sora:\n  url: ftp://sora\n", '2: sora.url: "ftp://sora" is not an http or https URL'],
    ["sora:\n  url: http:sora\n", '2: sora.url: "http:sora" is not an http or https URL'],
    ["sora:\n  url: http://\n", '2: sora.url: "http://" is not an http or https URL'],
    ["sora:\n  url: http:///api\n", '2: sora.url: "http:///api" is not an http or https URL'],
    ["sora:\n  url: ' http://a'\n", '2: sora.url: " http://a" is not an http or https URL'],
    ["sora:\n  url: http://a:99999\n", '2: sora.url: "http://a:99999" is not an http or https URL'],
    [
      "sora:\n  url: http://user:pass@a/\n",
      "2: sora.url: a user or password in the URL is not allowed; use basic_auth of a target",
    ],
    ["sora:\n  url: http://a/?token=b\n", "2: sora.url: a query or fragment in the URL is not allowed"],
    ["sora:\n  url: http://a/?\n", "2: sora.url: a query or fragment in the URL is not allowed"],
    ["targets: [{url: 'http://a/#b'}]\n", "1: targets[0].url: a query or fragment in the URL is not allowed"],
  ],
  names: [
    [
      'targets:\n  - {url: http://a, name: ""}\n',
      '2: targets[0].name: "" is not a name of visible characters',
    ],
    [
      'targets:\n  - {url: http://a, name: " "}\n',
      '2: targets[0].name: " " is not a name of visible characters',
    ],
    [
      'targets:\n  - {url: http://a, name: "a\\nb"}\n',
      '2: targets[0].name: "a\\nb" is not a name of visible characters',
    ],
    ["targets:\n  - {url: http://a, name: 1}\n", "2: targets[0].name: 1 is not a name of visible characters"],
    [
      "targets:\n  - {url: http://a, name: x}\n  - {url: http://b}\n  - url: http://c\n    name: x\n",
      '5: targets[2].name: the name "x" is already that of targets[0]; give each its own name',
    ],
    [
      "targets:\n  - url: http://a/x\n  - url: http://a:80/y\n",
      '3: targets[1].url: the name "a:80" is already that of targets[0]; give each its own name',
    ],
    [
      "targets:\n  - url: http://a\n  - urls: [http://a, http://b]\n",
      '3: targets[1].urls: the name "a:80" is already that of targets[0]; give each its own name',
    ],
    [
      "targets:\n  - &a {url: http://a}\n  - *a\n",
      '2: targets[1].url: the name "a:80" is already that of targets[0]; give each its own name',
    ],
  ],
  web: [
    ["web:\n  listen_address: 10490\n", `2: web.listen_address: 10490 ${ADDRESS}`],
    ["web:\n  listen_address: :65536\n", `2: web.listen_address: ":65536" ${ADDRESS}`],
    ["web:\n  listen_address: localhost\n", `2: web.listen_address: "localhost" ${ADDRESS}`],
    ['web:\n  listen_address: "a:"\n', `2: web.listen_address: "a:" ${ADDRESS}`],
    ["web:\n  listen_address: ::1:80\n", `2: web.listen_address: "::1:80" ${ADDRESS}`],
    ['web:\n  listen_address: "[::g]:80"\n', `2: web.listen_address: "[::g]:80" ${ADDRESS}`],
    ["web:\n  listen_address: 1.2.3.400:80\n", `2: web.listen_address: "1.2.3.400:80" ${ADDRESS}`],
    ["web:\n  listen_address: a/b:80\n", `2: web.listen_address: "a/b:80" ${ADDRESS}`],
    ["web:\n  telemetry_path: metrics\n", '2: web.telemetry_path: "metrics" is not a path such as /metrics'],
    ["web:\n  telemetry_path: /\n", '2: web.telemetry_path: "/" is not a path such as /metrics'],
    ["web:\n  telemetry_path: //a\n", '2: web.telemetry_path: "//a" is not a path such as /metrics'],
    ["web:\n  telemetry_path: /a/../b\n", '2: web.telemetry_path: "/a/../b" is not a path such as /metrics'],
    [
      "web:\n  telemetry_path: /api/status\n",
      "2: web.telemetry_path: paths under /api/ are the exporter's own",
    ],
    ["web:\n  telemetry_path: /:a\n", '2: web.telemetry_path: "/:a" is not a path such as /metrics'],
    ["web:\n  telemetry_path: /*\n", '2: web.telemetry_path: "/*" is not a path such as /metrics'],
    ["web:\n  telemetry_path: /a?b\n", '2: web.telemetry_path: "/a?b" is not a path such as /metrics'],
    ["web:\n  telemetry_path: /a%20b\n", '2: web.telemetry_path: "/a%20b" is not a path such as /metrics'],
    ["web:\n  telemetry_path: /-/ready\n", "2: web.telemetry_path: paths under /-/ are the exporter's own"],
    ["web:\n  telemetry_path: /-\n", "2: web.telemetry_path: paths under /-/ are the exporter's own"],
  ],
  "several at once": [
    ["log: {level: x}\nsora: {url: y}\n", '1: log.level: "x" is not one of debug, info, warn, error'],
    ["sora:\n  unknown: 1\n  url: y\n", `2: sora.unknown: unknown key; allowed here: ${SORA_KEYS}`],
    ["sora:\n  url: y\n  unknown: 1\n", '2: sora.url: "y" is not an http or https URL'],
    ["b: 1\na: 2\n", `1: b: unknown key; allowed here: ${SECTIONS}`],
    ["log: {level: x, format: y}\n", '1: log.level: "x" is not one of debug, info, warn, error'],
    ["log: {format: y, level: x}\n", '1: log.format: "y" is not one of text, json, logfmt'],
    ["targets:\n  - {urls: [b, b]}\n", '2: targets[0].urls[0]: "b" is not an http or https URL'],
    [
      "metrics: {client_id_key: x}\ntargets:\n  - {url: http://a, timeout: 1m}\n",
      "1: metrics.client_id_key: may only be set with metrics.client_id: hash",
    ],
    [
      "targets:\n  - {url: http://a, name: a, timeout: 1m}\n  - {url: http://b, name: a}\n",
      "2: targets[0].timeout: 1m is longer than sora.interval, 10s",
    ],
  ],
};

for (const [rule, files] of Object.entries(BAD_FILES)) {
  describe(`a bad file: ${rule}`, () => {
    test.each(files)("%j", (yaml, message) => {
      expect(messageOf({ yaml })).toBe(`config.yaml:${message}`);
    });
  });
}

test.each(["", "# nothing\n---\n# here\n", "\uFEFF", "null\n", "~", "---\n...\n"])(
  "a file without content is refused: %j",
  (yaml) => {
    expect(messageOf({ yaml })).toBe("config.yaml: is empty; {} is for nothing but defaults");
  },
);

test("aliases that expand to a bomb are refused", () => {
  const levels = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (const [name, inner] of ["ba", "cb", "dc", "ed", "fe", "gf", "hg"]) {
    levels.push(`${name}: &${name} [${Array(9).fill(`*${inner}`).join(", ")}]`);
  }
  expect(messageOf({ yaml: levels.join("\n") })).toBe("config.yaml: aliases expand to too much");
});

test("a mistake that a flag replaces is still one", () => {
  expect(messageOf({ yaml: "log: {level: x}", argv: ["--log.level=info"] })).toBe(
    'config.yaml:1: log.level: "x" is not one of debug, info, warn, error',
  );
});

test("the file and a flag that do not go together: the flag is named", () => {
  expect(messageOf({ yaml: "sora:\n  interval: 2s", argv: ["--sora.timeout=3s"] })).toBe(
    "--sora.timeout=3s: 3s is longer than sora.interval, 2s",
  );
  expect(messageOf({ yaml: "sora:\n  timeout: 5s", argv: ["--sora.interval=2s"] })).toBe(
    "config.yaml:2: sora.timeout: 5s is longer than sora.interval, 2s",
  );
});

test("of a flag and the file the flag's mistake is reported first", () => {
  const yaml = "targets:\n  - {url: http://a, headers: {host: b}}\n";
  expect(messageOf({ yaml, argv: ["--sora.timeout=1m"] })).toBe(
    "--sora.timeout=1m: 1m is longer than sora.interval, 10s",
  );
});

test("a long value is cut", () => {
  expect(messageOf({ yaml: `log: {level: ${"x".repeat(1000)}}` })).toBe(
    `config.yaml:1: log.level: "${"x".repeat(80)}…" is not one of debug, info, warn, error`,
  );
});

test("whatever a file, a flag and a variable hold: a configuration, or one line that says what is wrong", () => {
  const words = fc.constantFrom(
    "sora",
    "targets",
    "url",
    "http://a",
    "headers",
    "urls",
    "bearer_token",
    "basic_auth",
    "tls",
    ":",
    "- ",
    "\n  ",
    "\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    "*a",
    "&a",
    "'",
    '"',
    "# ",
    "? ",
    "|",
    "!",
    "10s",
    "\r\n",
    "\t",
    "null",
  );
  const yaml = fc.oneof(
    fc.string(),
    fc.array(words, { maxLength: 30 }).map((parts) => parts.join("")),
  );
  const argument = fc.oneof(
    fc.string(),
    fc.constantFrom("--sora.url", "--log.level=", "--no-sora.local", "--", "-h", "--config.file"),
  );
  fc.assert(
    fc.property(yaml, fc.array(argument, { maxLength: 3 }), fc.string(), (yaml, argv, value) => {
      const messages = [{ yaml }, { argv }, { env: { SORA_STATS_EXPORTER_SORA_URL: value } }].map(messageOf);
      return messages.every((message) => message === undefined || /^.+$/.test(message));
    }),
    { numRuns: 300 },
  );
});

test("a URL keeps the end it was given", () => {
  const urls = ["http://a/api", "http://a/api/", "http://a:3000/"];
  for (const url of urls) expect(configOf({ argv: [`--sora.url=${url}`] }).targets[0]!.urls).toEqual([url]);
});
