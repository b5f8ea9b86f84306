/** The image: what the Dockerfile says, and how what it builds runs where nothing may be written and nothing is allowed. */

import { globSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { freePort } from "../../src/simulator/free-port.ts";
import { until } from "../support/exporter.ts";
import { calm, type FakeSora, reply, startFakeSora } from "../support/fake-sora.ts";
import { buildImage, type Container, type Image, lacksImages, runImage } from "../support/image.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const DOCKERFILE = read("Dockerfile");
const PACKAGE = JSON.parse(read("package.json")) as {
  version: string;
  license: string;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};

describe("the Dockerfile", () => {
  test("pins the Node.js that the tests run under, and names no architecture", () => {
    const bases = [...DOCKERFILE.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    expect(bases).toEqual([`node:${PACKAGE.devDependencies["node"]!.slice(1)}-slim`, "scratch"]);
    expect(DOCKERFILE.replaceAll(/^#.*\n/gm, "")).not.toMatch(/amd64|arm64|x86_64|aarch64|x64/);
  });

  test("copies what .dockerignore lets through, and nothing besides is let through", () => {
    const copied = [...DOCKERFILE.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from]) =>
      from!.split(" "),
    );
    const let_through = [...read(".dockerignore").matchAll(/^!(.+)$/gm)].map(([, path]) => path!);
    expect(copied.length).toBeGreaterThan(4);
    expect(let_through.toSorted()).toEqual(copied.toSorted());
    expect(globSync(copied, { cwd: ROOT }).toSorted()).toEqual(copied.toSorted());
  });
});

describe.skipIf(lacksImages())("the image", () => {
  let image: Image | undefined;
  let sora: FakeSora;
  let running: Container | undefined;
  const built = () => image!;

  beforeAll(async () => {
    sora = await startFakeSora(
      calm(reply([{ channel_id: "ch", connection_id: "C1", rtp: { total_sent: 7 } }])),
    );
    image = buildImage();
  }, 400_000);

  afterAll(async () => {
    running?.kill();
    await sora.close();
    image?.remove();
  }, 60_000);

  test("says who it is: a user by number, its version, how to ask whether it is well", () => {
    const { config } = built();
    expect(config.User).toBe("65532:65532");
    expect(config.Labels).toMatchObject({
      "org.opencontainers.image.version": PACKAGE.version,
      "org.opencontainers.image.licenses": PACKAGE.license,
    });
    expect(Object.keys(config.ExposedPorts)).toEqual(["10490/tcp"]);
    expect(config.Healthcheck.Test[0]).toBe("CMD");
  });

  test("holds what is needed to run, without a shell, npm, a second Node.js or what is for development", () => {
    const files = globSync("**", { cwd: built().root, exclude: (path) => path === "proc" || path === "dev" });
    const programs = files.filter((path) => /^(.+\/)?s?bin\/[^/]+$/.test(path) && !path.startsWith("app/"));
    expect(programs).toEqual(["usr/local/bin/node"]);
    expect(files.filter((path) => path.startsWith("app/node_modules/.bin"))).toEqual([]);
    const packages = globSync("*", { cwd: join(built().root, "app/node_modules") });
    for (const name of Object.keys(PACKAGE.dependencies).filter((each) => !each.includes("/")))
      expect(packages).toContain(name);
    for (const name of Object.keys(PACKAGE.devDependencies).filter((each) => !each.includes("/")))
      expect(packages).not.toContain(name);
    expect(files.filter((path) => /\.ts$/.test(path) && path.startsWith("app/dist"))).toEqual([]);
  });

  test("is small", () => {
    const bytes = (below: string) =>
      globSync(`${below}/**`, { cwd: built().root })
        .map((path) => statSync(join(built().root, path)))
        .filter((stat) => stat.isFile())
        .reduce((sum, { size }) => sum + size, 0);
    const mb = { node: bytes("usr") / 1e6, app: bytes("app") / 1e6 };
    console.log(`the image: ${mb.node.toFixed()} MB of Node.js, ${mb.app.toFixed()} MB of ours`);
    expect(mb.app).toBeLessThan(40);
  });

  test("serves as process 1, with a read-only root and without rights, says that it is well, and stops", async () => {
    const port = await freePort();
    // As the sidecar's container has it, with the Sora of this test.
    const pod = parse(read("deploy/kustomize/sidecar/patch.yaml")) as {
      spec: { template: { spec: { initContainers: { args: string[] }[] } } };
    };
    const { args } = pod.spec.template.spec.initContainers[0]!;
    const etc = join(built().root, "etc/sora-stats-exporter");
    mkdirSync(etc);
    const config = read("deploy/kustomize/sidecar/config.yaml").replace("http://127.0.0.1:3000/", sora.url);
    writeFileSync(join(etc, "config.yaml"), config);
    running = runImage(built(), args, {
      env: { SORA_STATS_EXPORTER_WEB_LISTEN_ADDRESS: `127.0.0.1:${port}` },
    });
    const scrape = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    await until(() => running!.said().includes("Sora answers"), 20_000).catch(() =>
      expect(running!.said()).toBe(""),
    );
    await until(async () => (await scrape()).includes("sora_connection_sent_packets_total{"));

    expect(await scrape()).toContain('sora_exporter_scope_info{target="sora",scope="node"} 1');

    const status = running.status();
    expect(status).toMatch(/^Uid:\t65532\t65532\t65532\t65532$/m);
    expect(status).toMatch(/^Gid:\t65532\t65532\t65532\t65532$/m);
    expect(status).toMatch(/^Groups:\s*$/m);
    expect(status).toMatch(/^NSpid:\t\d+\t1$/m);
    expect(status).toMatch(/^CapPrm:\t0+$/m);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    for (const path of ["/tmp/x", "/x", "/app/x"]) {
      const write = ["node", "-e", "require('fs').writeFileSync(process.argv[1], '')", path];
      expect(running.exec(write).output).toMatch(/EROFS|ENOENT/);
    }

    const [, ...check] = built().config.Healthcheck.Test;
    expect(running.exec(check)).toEqual({ status: 0, output: "" });
    const nobody = `--web.listen-address=127.0.0.1:${await freePort()}`;
    expect(running.exec([...check, nobody])).toEqual({
      status: 1,
      output: expect.stringMatching(/^unhealthy: connect ECONNREFUSED .*\n$/) as string,
    });

    // As an operator has a sidecar read another configuration, without a shell in the image.
    const [, reload] = /node -e "(.+?)"$/m.exec(read("deploy/kustomize/keep-pods/kustomization.yaml"))!;
    writeFileSync(join(etc, "config.yaml"), "targets: [{ name: nonsense, url: nonsense }]\n");
    expect(running.exec(["node", "-e", reload!])).toEqual({ status: 0, output: "" });
    await until(
      () => running!.said().includes("the configuration is not reloaded, nothing has changed"),
      20_000,
    );
    expect(running.exec(check)).toEqual({ status: 0, output: "" });
    writeFileSync(join(etc, "config.yaml"), config.replace("name: sora", "name: another"));
    running.exec(["node", "-e", reload!]);
    await until(async () => (await scrape()).includes('sora_up{target="another"} 1'), 20_000);

    const { code, ms } = await running.stop();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(5000);
    expect(running.said()).toContain("SIGTERM: stopping");
  });
});
