/** The Pod Security Standard "restricted", with what it takes over from "baseline". */

import type { IContainer, IPodSpec } from "kubernetes-models/v1";

const VOLUMES = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

/** What the standard forbids in a pod; empty where it is well. */
export function violationsOf(pod: IPodSpec): string[] {
  const context = pod.securityContext ?? {};
  const containers = [...(pod.initContainers ?? []), ...pod.containers];
  return [
    ...(["hostNetwork", "hostPID", "hostIPC"] as const).filter((key) => pod[key] === true),
    ...(context.sysctls ?? []).map(({ name }) => `sysctl ${name}`),
    ...(pod.volumes ?? []).flatMap(({ name, ...volume }) =>
      Object.keys(volume)
        .filter((type) => !VOLUMES.has(type))
        .map((type) => `volume ${name}: ${type}`),
    ),
    ...contextViolations("pod", context),
    ...containers.flatMap((container) => containerViolations(container, context)),
  ];
}

type Context = NonNullable<IPodSpec["securityContext"]> & NonNullable<IContainer["securityContext"]>;

function containerViolations({ name, ports, securityContext: own = {} }: IContainer, pod: Context): string[] {
  const { capabilities } = own;
  const added = (capabilities?.add ?? []).filter((capability) => capability !== "NET_BIND_SERVICE");
  const seccomp = (own.seccompProfile ?? pod.seccompProfile)?.type;
  const found: Record<string, boolean> = {
    privileged: own.privileged === true,
    allowPrivilegeEscalation: own.allowPrivilegeEscalation !== false,
    runAsNonRoot: (own.runAsNonRoot ?? pod.runAsNonRoot) !== true,
    "capabilities.drop": capabilities?.drop?.includes("ALL") !== true,
    "capabilities.add": added.length > 0,
    seccompProfile: seccomp !== "RuntimeDefault" && seccomp !== "Localhost",
    hostPort: ports?.some(({ hostPort }) => (hostPort ?? 0) !== 0) ?? false,
    procMount: (own.procMount ?? "Default") !== "Default",
  };
  const wrong = Object.keys(found).filter((key) => found[key]);
  return [...wrong.map((key) => `${name}: ${key}`), ...contextViolations(name, own)];
}

function contextViolations(name: string, { runAsUser, seLinuxOptions, appArmorProfile }: Context): string[] {
  return [
    ...(runAsUser === 0 ? [`${name}: runAsUser`] : []),
    ...(seLinuxOptions === undefined ? [] : [`${name}: seLinuxOptions`]),
    ...(appArmorProfile?.type === "Unconfined" ? [`${name}: appArmorProfile`] : []),
  ];
}
