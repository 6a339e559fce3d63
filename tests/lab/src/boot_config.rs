//! Boot configurations (GRUB, PXELINUX) as a machine reads them: kernel, initrd and command line.

/// The contents of a boot configuration.
pub(crate) struct BootConfig {
    pub(crate) kernel: String,
    pub(crate) initrd: Option<String>,
    pub(crate) command_line: String,
}

impl BootConfig {
    /// Parses a configuration of GRUB or PXELINUX. Returns `None` if it says to boot from disk.
    pub(crate) fn read(text: &str) -> Option<BootConfig> {
        let value = |key: &str| {
            text.lines()
                .find_map(|line| line.trim_start().strip_prefix(key))
        };
        if let Some(linux) = value("linux (tftp)/") {
            let (kernel, command_line) = linux.split_once(' ').unwrap_or((linux, ""));
            let initrd = value("initrd (tftp)/").map(str::to_owned);
            return Some(BootConfig {
                kernel: kernel.to_owned(),
                initrd,
                command_line: command_line.to_owned(),
            });
        }
        let kernel = value("kernel ")?.to_owned();
        let append = value("append ").unwrap_or_default();
        let (initrd, command_line) = match append.strip_prefix("initrd=") {
            Some(rest) => rest
                .split_once(' ')
                .map_or((Some(rest), ""), |(initrd, rest)| (Some(initrd), rest)),
            None => (None, append),
        };
        Some(BootConfig {
            kernel,
            initrd: initrd.map(str::to_owned),
            command_line: command_line.to_owned(),
        })
    }
}

/// The machine's own options: the command line without the words that the server puts before them.
pub(crate) fn own_options(command_line: &str) -> &str {
    const BEFORE: [&str; 8] = [
        "BOOTIF=",
        "auto=true",
        "priority=critical",
        "url=",
        "interface=auto",
        "ks=",
        "kssendmac",
        "autoyast=",
    ];
    let mut rest = command_line.trim_start();
    while BEFORE.iter().any(|word| rest.starts_with(word)) {
        rest = rest
            .split_once(' ')
            .map_or("", |(_, rest)| rest)
            .trim_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_options_exclude_those_of_the_server() {
        let line = "BOOTIF=01-$net_default_mac_dash auto=true priority=critical url=http://x/preseed/1 interface=auto a  b=\"c\"";
        assert_eq!(own_options(line), "a  b=\"c\"");
        assert_eq!(own_options("BOOTIF=01-x  console=ttyS0"), "console=ttyS0");
        assert_eq!(own_options("ks=http://x/preseed/1 kssendmac "), "");
    }

    #[test]
    fn pxelinux_configuration_is_parsed() {
        let plan = BootConfig::read(
            "default linux\nlabel linux\n\tkernel a/k\n\tipappend 2\n\tappend initrd=a/i x=1 y",
        )
        .unwrap();
        assert_eq!(
            (
                plan.kernel.as_str(),
                plan.initrd.as_deref(),
                plan.command_line.as_str()
            ),
            ("a/k", Some("a/i"), "x=1 y")
        );
        assert!(BootConfig::read("default local\n\nlabel local\n\tLOCALBOOT -1").is_none());
    }
}
