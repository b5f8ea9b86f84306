/**
 * The image as the Dockerfile says, built by buildah on a stand-in for its base, and run without a container runtime as one
 * would run it: process 1 of its own, a root file system that is read-only, an unprivileged user, no capabilities.
 * All of it needs root.
 */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lacks } from "./tools.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Whether no image can be built here. As for a program that is missing, REQUIRE_TOOLS makes it a failure. */
export function lacksImages(): boolean {
  return lacks("buildah") || (process.getuid!() !== 0 && process.env["REQUIRE_TOOLS"] !== "1");
}

/** What an image says of itself, as Docker has it. */
export interface ImageConfig {
  readonly User: string;
  readonly WorkingDir: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly ExposedPorts: Readonly<Record<string, unknown>>;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Healthcheck: { readonly Test: readonly string[] };
}

/** An image that was built. */
export interface Image {
  readonly config: ImageConfig;
  /** Directory with its file tree. */
  readonly root: string;
  /** Takes it away with all that was made for it. */
  remove(): void;
}

/**
 * Builds the image.
 *
 * @throws Error with what buildah said, if a step fails
 */
export function buildImage(): Image {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  const storage = ["--root", join(directory, "storage"), "--runroot", join(directory, "run")];
  const buildah = (...args: string[]) =>
    execFileSync("buildah", [...storage, ...args], { cwd: ROOT, encoding: "utf8", stdio: "pipe" }).trim();
  const npm = (...args: string[]) => execFileSync("npm", args, { cwd: ROOT, encoding: "utf8" }).trim();
  function remove(): void {
    try {
      buildah("umount", "--all");
      buildah("rm", "--all");
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
  try {
    const base = join(directory, "base");
    const node = join(ROOT, "node_modules/node/bin/node");
    execFileSync(join(ROOT, "test/deploy/stand-in-base.sh"), [base, node], { stdio: "pipe" });
    const name = /^FROM (\S+)/m.exec(readFileSync(join(ROOT, "Dockerfile"), "utf8"))![1]!;
    const container = buildah("from", "scratch");
    buildah("copy", "-q", container, base, "/");
    const env = {
      PATH: "/usr/local/bin:/usr/bin",
      NODE_EXTRA_CA_CERTS: "/etc/ssl/certs/ca-certificates.crt",
      npm_config_registry: npm("config", "get", "registry"),
      npm_config_cache: "/npm-cache",
      npm_config_prefer_offline: "true",
    };
    for (const [key, value] of Object.entries(env)) buildah("config", "--env", `${key}=${value}`, container);
    buildah("commit", "-q", "--rm", container, `docker.io/library/${name}`);
    rmSync(base, { recursive: true });
    const options = ["--isolation", "chroot", "--format", "docker", "--pull-never", "--layers=false"];
    const cache = npm("config", "get", "cache");
    mkdirSync(cache, { recursive: true });
    buildah("build", ...options, "-q", "-v", `${cache}:/npm-cache`, "-t", "image", ".");
    const { Docker } = JSON.parse(buildah("inspect", "--type", "image", "localhost/image")) as {
      Docker: { config: ImageConfig };
    };
    const root = buildah("mount", buildah("from", "--pull-never", "localhost/image"));
    return { config: Docker.config, root, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** A container, so to speak. It has this machine's network. */
export interface Container {
  /** What it wrote so far. */
  said(): string;
  /** The file /proc/1/status, as the container sees it: who it is and what it may do. */
  status(): string;
  /** Runs a command in it, as its user. */
  exec(command: readonly string[]): { readonly status: number | null; readonly output: string };
  /** Sends SIGTERM to its process 1, and waits for its end. */
  stop(): Promise<{ readonly code: number | null; readonly ms: number }>;
  /** Ends it at once, if it still runs. */
  kill(): void;
}

/** Mounts what a runtime mounts, and becomes process 1. */
const RUN = `
  set -e
  mkdir -p "$root/proc" "$root/dev"
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount -o remount,bind,ro "$root"
  exec env -i "$@"`;

/**
 * Runs the image's entry point with such arguments, as its own user unless another is given (`UID:GID`).
 */
export function runImage(
  { root, config }: Image,
  args: readonly string[],
  { user = config.User, env = {} }: { user?: string; env?: Readonly<Record<string, string>> } = {},
): Container {
  const [uid, gid] = user.split(":");
  const variables = [...config.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
  const identity = [`--setuid=${uid}`, `--setgid=${gid}`];
  const start = ["/usr/bin/setpriv", "--no-new-privs", "--clear-groups", "/usr/bin/unshare"]
    .concat(`--root=${root}`, `--wd=${config.WorkingDir}`, identity)
    .concat(config.Entrypoint, args);
  const namespaces = ["--mount", "--propagation=private", "--pid", "--fork", "--kill-child"];
  const child = spawn("unshare", [...namespaces, "sh", "-c", RUN, "sh", ...variables, ...start], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, root },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));

  /** Number of the container's process 1 on this machine. */
  function first(): string {
    return readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim();
  }

  return {
    said: () => said,
    status: () => readFileSync(`/proc/${first()}/status`, "utf8"),
    exec(command) {
      const enter = [
        "/usr/bin/nsenter",
        `--target=${first()}`,
        "--mount",
        "--pid",
        "--root",
        "--wd",
        ...identity,
      ];
      const { status, stdout, stderr } = spawnSync("env", ["-i", ...variables, ...enter, ...command], {
        encoding: "utf8",
        timeout: 30_000,
      });
      return { status, output: stdout + stderr };
    },
    async stop() {
      const before = performance.now();
      process.kill(Number(first()), "SIGTERM");
      const code = await ended;
      return { code, ms: performance.now() - before };
    },
    kill: () => void child.kill("SIGKILL"),
  };
}
