//! Which of the server's lists is asked for.

/// How much a list covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Scope {
    /// One's own images and preseeds, or the machines one is assigned to; for an administrator too.
    #[default]
    Own,
    /// Everything one may see: one's own and the public ones (an administrator: all), and every machine.
    Visible,
}

impl Scope {
    /// The query text of a list; `true` is the only value the server takes for true.
    pub(crate) fn query(self) -> Option<&'static str> {
        match self {
            Scope::Own => None,
            Scope::Visible => Some("show_all=true"),
        }
    }
}
