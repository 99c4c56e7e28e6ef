//! `--hub` for commands that need no hub: without it there is no network, whatever the environment says.

use std::path::PathBuf;

#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Online {
    /// The hub to ask [default: none, and no network]
    #[arg(long, value_name = "URL", help_heading = "Connection")]
    hub: Option<String>,
    /// A directory with cert.pem, key.pem and ca.pem: who you are
    #[arg(
        long,
        env = "NDXP_IDENTITY",
        value_name = "DIR",
        hide_env_values = true,
        help_heading = "Connection"
    )]
    identity: Option<PathBuf>,
    /// Who you are, out of the hub's directory: tax/portal, tax/officer/steward-1
    #[arg(
        long = "as",
        env = "NDXP_AS",
        value_name = "NAME",
        hide_env_values = true,
        help_heading = "Connection"
    )]
    name: Option<String>,
    /// A development hub's directory, for --as
    #[arg(
        long,
        env = "NDXP_DATA",
        value_name = "DIR",
        hide_env_values = true,
        help_heading = "Connection"
    )]
    data: Option<PathBuf>,
}

impl Online {
    /// Says whether a hub is to be asked.
    pub(super) fn asked(&self) -> bool {
        self.hub.is_some()
    }

    /// Connects, on a runtime; the first call makes the connection.
    #[cfg(feature = "client")]
    pub(super) fn client(&self) -> anyhow::Result<ndxp_client::Client> {
        let name = self.name.as_deref().map(str::parse).transpose();
        let name = name.map_err(|problem| anyhow::anyhow!("--as: {problem}"))?;
        let (hub, identity, data) = (self.hub.clone(), self.identity.clone(), self.data.clone());
        crate::connection::Connect::of(hub, identity, name, data).client()
    }

    /// Says that this build cannot ask.
    #[cfg(not(feature = "client"))]
    #[expect(clippy::unused_self, reason = "the other build asks what the flags say")]
    pub(super) fn refusal(&self) -> anyhow::Error {
        anyhow::anyhow!(
            "--hub: this ndxp was built without the feature `client` and talks to no hub; what `ndxp schema pull` of \
             another build writes is read with --lock"
        )
    }
}
