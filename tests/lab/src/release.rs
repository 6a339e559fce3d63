//! The releases of the server, and what each of them answers differently. The handlers ask here.

use crate::session::Sessions;

/// A release of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Release {
    /// The newest tag, of June 2018.
    V0_3_1,
    /// The commit of the recordings, which calls itself 0.3.2 and was never tagged.
    #[default]
    V0_3_2,
}

/// How a server runs: which requests share a database session, and which release it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ServerKind {
    /// Which requests share a database session.
    pub sessions: Sessions,
    /// The release.
    pub release: Release,
}

impl Release {
    /// The values of the setting and of the option `--release`.
    pub(crate) const NAMES: [&str; 2] = ["0.3.1", "0.3.2"];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Release::V0_3_1 => Self::NAMES[0],
            Release::V0_3_2 => Self::NAMES[1],
        }
    }

    /// The value with this name.
    pub fn from_name(name: &str) -> Option<Release> {
        [Release::V0_3_1, Release::V0_3_2]
            .into_iter()
            .find(|release| release.name() == name)
    }

    /// Whether an order to a BMC is answered with the power that is read after it. 0.3.1 answers with nothing, and asks the
    /// BMC for nothing more.
    pub(crate) fn answers_power_orders(self) -> bool {
        self == Release::V0_3_2
    }

    /// Whether there are preseeds of the type autoyast. To 0.3.1 it is an unknown type.
    pub(crate) fn knows_autoyast(self) -> bool {
        self == Release::V0_3_2
    }

    /// Whether templates of preseeds see the MAC of an interface.
    pub(crate) fn shows_mac_in_preseeds(self) -> bool {
        self == Release::V0_3_2
    }
}
