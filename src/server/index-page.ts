/** The page on `/`. */

export interface IndexPageOptions {
  readonly telemetryPath: string;
  readonly version: string;
}

/** A plain page with links; it shows nothing that users of Sora can choose. */
export function indexPage({ telemetryPath, version }: IndexPageOptions): string {
  const links = [telemetryPath, "/-/healthy", "/-/ready"]
    .map((path) => `<li><a href="${path}">${path}</a></li>`)
    .join("");
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>sora-stats-exporter</title>
<style>:root{color-scheme:light dark;font-family:system-ui,sans-serif}</style>
<h1>sora-stats-exporter</h1>
<p>Version ${version}</p>
<ul>${links}</ul>
</html>
`;
}
