"""Shows under which name the operator of each release claims rows."""

from runops.installation import default_installation
from runops.supabase.probe import Finding
from runops_cli.checks.finding import good
from runops_cli.cluster.kubectl import Kubectl, KubectlFailed
from runops_cli.cluster.releases import Installed, read_releases

__all__ = ["check_installations"]


async def check_installations(kubectl: Kubectl) -> list[Finding]:
    """Return the name of each release in the namespace. It writes nothing."""
    try:
        releases = await read_releases(kubectl)
    except KubectlFailed as error:
        return [good("installation", f"not known: {error}")]
    return [
        good(
            "installation" if len(releases) == 1 else f"installation of {release.release}",
            await _told(kubectl, release),
        )
        for release in releases
    ]


async def _told(kubectl: Kubectl, release: Installed) -> str:
    if not release.default_name:
        return f"claims rows as {', '.join(release.names[:1])}"
    namespace, _, name = release.default_name.partition("/")
    asked = await kubectl.run("get", "namespace", namespace, "-o", "jsonpath={.metadata.uid}")
    if asked.code != 0 or not asked.output:
        return f"not known, you may not read the Namespace; `helm test {name}` shows it ({asked.complaint})"
    return f"claims rows as {default_installation(namespace, name, asked.output)}"
