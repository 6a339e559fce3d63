//! Whether an installer has an SSH server of its own, as its preseed or its kernel options say.

/// Words of the kernel's command line: Anaconda's, YaST's, and Ubuntu's installer, which always has one.
const KERNEL_OPTIONS: [&str; 6] = [
    "inst.sshd",
    "sshd",
    "sshd=1",
    "ssh=1",
    "usessh=1",
    "autoinstall",
];

/// What a preseed of Debian, and a kickstart, say.
const PRESEED_WORDS: [&str; 3] = ["network-console/", "network-console", "sshpw"];

/// What says that the installer answers on port 22; None if nothing does.
pub(super) fn ssh_server_sign(kernel_options: &str, preseed: &str) -> Option<&'static str> {
    let mut options = kernel_options.split_whitespace();
    let option = options.find_map(|word| KERNEL_OPTIONS.into_iter().find(|known| *known == word));
    let lines = preseed
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let mut words = lines.flat_map(str::split_whitespace);
    let in_preseed = || {
        words.find_map(|word| {
            let is_it = |known: &&str| match known.ends_with('/') {
                true => word.starts_with(known),
                false => word == *known,
            };
            PRESEED_WORDS.into_iter().find(is_it)
        })
    };
    option
        .or_else(in_preseed)
        .map(|sign| sign.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_is_found_in_options_and_outside_comments() {
        for (options, preseed, expected) in [
            ("console=ttyS0 inst.sshd", "", Some("inst.sshd")),
            (
                "",
                "d-i anna/choose_modules string network-console",
                Some("network-console"),
            ),
            (
                "",
                "d-i network-console/start select Continue",
                Some("network-console"),
            ),
            ("", "sshpw --username=root x --plaintext", Some("sshpw")),
            (
                "console=ttyS0",
                "# network-console\nd-i pkgsel/include string openssh-server",
                None,
            ),
        ] {
            assert_eq!(
                ssh_server_sign(options, preseed),
                expected,
                "{options} {preseed}"
            );
        }
    }
}
